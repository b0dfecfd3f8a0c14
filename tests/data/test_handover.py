"""Other tools' judgements come in whole, go out whole, and what is not understood is counted."""

import json

import pytest

from llmlab.data import feedback, handover, judgements, lessons
from llmlab.evaluation import agreement
from llmlab.spine.errors import UserError

PROMPT = [{"role": "user", "content": "What is it?"}]
ROWS = [
    {"prompt": PROMPT, "a": "good", "b": "bad", "choice": "a", "annotator": "ana"},
    {"prompt": PROMPT, "a": "bad", "b": "good", "choice": "b", "annotator": "bob"},
    {"prompt": PROMPT, "a": "good", "b": "bad", "choice": "tie", "annotator": "eve"},
    {"prompt": PROMPT, "a": "good", "b": "bad", "choice": "bad", "annotator": "zoe"},
]
LONGER = [*PROMPT, {"role": "assistant", "content": "What?"}, {"role": "user", "content": "That."}]


def taken(tmp_path, records, whole=False):
    path = tmp_path / "in.json"
    path.write_text(json.dumps(records) if whole else "".join(json.dumps(r) + "\n" for r in records))
    return feedback.read(path)


@pytest.mark.parametrize("tool", ["argilla", "label_studio"])
def test_out_and_in_again(tmp_path, tool):
    rows, _ = taken(tmp_path, [*ROWS, {**ROWS[0], "prompt": LONGER}])
    records = handover.EXPORTS[tool](rows)
    assert len(records) == 2, "one item, whichever answer came first"
    again, left_out = taken(tmp_path, json.loads(json.dumps(records)), whole=True)
    said = {(r["annotator"], {"a": r["a"], "b": r["b"]}.get(r["choice"], r["choice"])) for r in again}
    assert said == {("ana", "good"), ("bob", "good"), ("eve", "tie"), ("zoe", "bad")} and not any(left_out.values())
    assert [r["prompt"] for r in again if r["annotator"] == "ana"] == [PROMPT, LONGER]


@pytest.mark.parametrize("tool", ["argilla", "label_studio"])
def test_scores_of_single_answers_comments_and_seconds_go_out_and_come_in_again(tmp_path, tool):
    """Seconds where the layout has a place for them; Argilla has none."""
    given = [
        {"prompt": PROMPT, "a": f"answer {n}", "score": n, "annotator": who, "seconds": n + 0.5, "comment": f"{who} says {n}"}
        for who in ("ana", "bob")
        for n in (1, 3, 5)
    ]
    rows, _ = taken(tmp_path, [*given, {**ROWS[0], "comment": "why not", "seconds": 9}, {**given[0], "gold": 5, "annotator": "x"}])
    records = handover.EXPORTS[tool](rows)
    again, left_out = taken(tmp_path, json.loads(json.dumps(records)), whole=True)
    kept = ("a", "score", "choice", "annotator", "comment", *(("seconds",) if tool == "label_studio" else ()))
    of = lambda some: sorted(str([row.get(k) for k in kept]) for row in some)  # noqa: E731
    assert of(again) == of(judgements.counted(rows) + judgements.scored(rows)) and len(again) == 7 and not any(left_out.values())


def test_trl_and_transcripts_out_and_in_again(tmp_path):
    rows, _ = taken(tmp_path, ROWS)
    for layout in ("trl", "hh"):
        again, _ = taken(tmp_path, handover.EXPORTS[layout](rows))
        assert len(again) == 2 and all({"a": r["a"], "b": r["b"]}[r["choice"]] == "good" for r in again), layout


def test_single_answers_leave_as_thumbs(tmp_path):
    said = [{"item": str(n), "prompt": PROMPT, "a": f"answer {n}", "annotator": "ana", "score": n} for n in (1, 3, 5)]
    records = handover.EXPORTS["kto"]([*ROWS, *said, {**said[0], "repeat": 1}])
    assert [r["label"] for r in records] == [False, True]
    again, _ = taken(tmp_path, records)
    assert [(r["a"], r["score"]) for r in again] == [("answer 1", 1), ("answer 5", 5)]


def test_thumbs_without_a_partner_come_in_by_both_doors(tmp_path):
    """What `--to kto` writes, one rated answer to each prompt, is learnt from as annotations and as preferences alike."""
    asked = [[{"role": "user", "content": f"What is {n}?"}] for n in range(6)]
    said = [{"item": str(n), "prompt": p, "a": f"answer {n}", "annotator": "ana", "score": 5 if n % 2 else 2} for n, p in enumerate(asked)]
    path = tmp_path / "thumbs.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in handover.EXPORTS["kto"](said)))
    people, about = feedback.preferences(str(path), None)
    lessons_of, _ = lessons.read_preferences([str(path)])
    told = [[(r["prompt"][0]["content"], r["completion"][0]["content"], r["label"]) for r in rows] for rows in (people, lessons_of)]
    assert told[0] == told[1] and len(told[0]) == 6 and {label for *_, label in told[0]} == {True, False}
    assert (about["pairs"], about["single answers"], about["left out"]) == (0, 6, "–")


def test_nobody_is_lost_for_want_of_a_name(tmp_path):
    record = {"prompt": "q", "chosen": "x", "rejected": "y"}
    rows, _ = taken(tmp_path, [record, {**record, "chosen": "y", "rejected": "x"}])
    assert len(rows) == 2 and len({r["annotator"] for r in rows}) == 2 and len({r["item"] for r in rows}) == 1
    said = [{"value": v} for v in ("response_1", "response_2", "response_1")]
    unnamed = {"fields": {"prompt": "q", "response_1": "x", "response_2": "y"}, "responses": {"preference": said}}
    rows, _ = taken(tmp_path, [unnamed])
    assert len({r["annotator"] for r in rows}) == 3 and not agreement.judges(rows), "nothing is known of somebody without a name"
    pairs, about = feedback.preferences(str(tmp_path / "in.json"), None)
    assert len(pairs) == 1 and about["annotators"] == "annotators without names"


@pytest.mark.parametrize(
    ("record", "count", "why"),
    [
        (
            {"fields": {"prompt": "q", "response_1": "x", "response_2": "y"}, "responses": {"rating": [{"value": 2, "user_id": "u"}]}},
            0,
            "no choice between two answers",
        ),
        (
            {
                "data": {"prompt": "q", "answer1": "x", "answer2": "y"},
                "annotations": [
                    {
                        "completed_by": 1,
                        "result": [{"type": "textarea", "value": {"text": ["hm"]}}, {"type": "pairwise", "value": {"selected": "right"}}],
                    }
                ],
            },
            1,
            None,
        ),
        (
            {
                "fields": {"prompt": "q", "response": "x"},
                "responses": {"rating": [{"value": 4, "user_id": "u"}, {"value": 9, "user_id": "v"}]},
            },
            1,
            "no first rating of one from 1 to 5",
        ),
        (
            {
                "fields": {"prompt": "q", "response": "x"},
                "responses": {"rating": [{"value": 4, "user_id": "u"}], "helpful": [{"value": 1, "user_id": "u"}]},
            },
            1,
            "no first rating",
        ),
        (
            {
                "data": {"prompt": "q", "answer1": "x", "answer2": "y"},
                "annotations": [{"completed_by": 1, "result": [{"type": "rating", "value": {"rating": 4}}]}],
            },
            0,
            "an annotation without a choice",
        ),
        ({"data": {"id": "7", "prompt": "q", "text": "x"}, "annotations": []}, 0, "fields id, prompt, text"),
        ({"prompt": "q", "completion": "x", "label": True}, 1, None),
        (
            {
                "chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
                "rejected": "\n\nHuman: a\n\nAssistant: z\n\nHuman: y\n\nAssistant: d",
            },
            0,
            "part before",
        ),
    ],
)
def test_what_is_no_preference_is_none(tmp_path, record, count, why):
    rows, left_out = taken(tmp_path, [record])
    assert len(rows) == count and (why is None or any(why in reason for reason, n in left_out.items() if n)), left_out


def test_gold_items_and_repeats_teach_nothing(tmp_path):
    rows = [{**ROWS[0], "gold": "a"}, {**ROWS[0], "repeat": 1, "annotator": "x"}]
    with pytest.raises(UserError, match="no answer that more people prefer"):
        path = tmp_path / "gold.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
        feedback.preferences(str(path), None)


def judged(path, *rows):
    path.write_text("".join(json.dumps({**ROWS[0], **row}) + "\n" for row in rows))
    return str(path)


def test_what_most_call_bad_or_equal_is_no_pair(tmp_path):
    who = [{"annotator": name} for name in "xyz"]
    for said in (("tie", "tie", "a"), ("bad", "bad", "a"), ("a", "b", "tie"), ("a", "bad", "bad")):
        with pytest.raises(UserError, match="no answer that more people prefer"):
            feedback.preferences(judged(tmp_path / "a.jsonl", *({**w, "choice": c} for w, c in zip(who, said))), None)
    pairs, _ = feedback.preferences(judged(tmp_path / "a.jsonl", *({**w, "choice": c} for w, c in zip(who, ("a", "a", "tie")))), None)
    assert pairs[0]["chosen"][0]["content"] == "good"


def test_answers_that_were_scored_alone_are_ranked(tmp_path):
    rows = [
        {"prompt": PROMPT, "a": text, "score": score, "annotator": who}
        for who in ("ana", "bob")
        for text, score in (("great", 5), ("so so", 3), ("awful", 1))
    ]
    path = tmp_path / "scores.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    pairs, about = feedback.preferences(str(path), None)
    assert [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs] == [("great", "awful")]
    found = agreement.agreement(feedback.table(judgements.scored(feedback.read(path)[0])), "ordinal")
    assert "neither good nor bad (1)" in about["left out"]
    assert about["judgements"] == 6 and found["measure"] == "Krippendorff's alpha" and found["score"] == pytest.approx(1.0)


def test_what_people_bring_is_looked_through_as_all_lessons_are(tmp_path):
    """A question of a task is not taught, and somebody's address is masked, also where it comes in by judgements."""
    asked = [{"role": "user", "content": "What does  it COST?"}]
    rows = ({"choice": "a", "prompt": asked}, {"choice": "a", "a": "Write to rosa.silva@example.com, please.", "b": "No."})
    pairs, about = feedback.preferences(judged(tmp_path / "a.jsonl", *rows), None, frozenset({"what does it cost?"}))
    assert len(pairs) == 1 and "rosa" not in json.dumps(pairs) and "is asked in a task (1)" in about["left out"]


def test_half_a_line_of_a_sitting_is_counted_and_that_of_another_file_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    judged(path, {"at": "2026-01-01"})
    with open(path, "a") as stream:
        stream.write('{"item": "x", "annot')
    rows, left_out = feedback.read(path)
    assert len(rows) == 1 and left_out["half a line, as a kill leaves it"] == 1
    judged(path, {})
    with open(path, "a") as stream:
        stream.write('{"item": "x", "annot')
    with pytest.raises(UserError, match="line 2: not a JSON object"):
        feedback.read(path)
