"""Other tools' judgements come in whole, go out whole, and what is not understood is counted."""

import csv
import gzip
import json

import pytest

from llmlab.data import annotated, feedback, handover, judgements, layouts, lessons, teaching
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
    return annotated.read(path)


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
        (again,), _ = taken(tmp_path, handover.EXPORTS[layout](rows), whole=True)
        assert again[again["choice"]] == "good", layout


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


ASKED = {"prompt": "What is it?", "response_1": "good", "response_2": "bad"}
STUDIO = {"prompt": "What is it?", "answer1": "good", "answer2": "bad"}


def pairwise(side, **more):
    return {"result": [{"type": "pairwise", "value": {"selected": side}}], **more}


def test_strangers_who_judged_one_item_each_are_counted_by_their_votes(tmp_path):
    """Label Studio without names, three people to an item, all of one mind: worked out from one another, none of them would be worth more than a guess."""
    records = [
        {
            "data": {**STUDIO, "prompt": f"What is {n}?", "answer1": "ab"[n % 2], "answer2": "ba"[n % 2]},
            "annotations": [pairwise("left")] * 3,
        }
        for n in range(20)
    ]
    path = tmp_path / "in.json"
    path.write_text(json.dumps(records))
    pairs, about = feedback.preferences(str(path), None)
    assert len(pairs) == 20 and about["decided by"] == "most votes" and about["left out"] == "–"


def test_what_most_prefer_and_those_who_are_to_be_trusted_do_not_has_a_reason_of_its_own(tmp_path):
    """Two people are always right, three toss coins; once the two differ, and a coin sides with one of them."""
    asked = lambda text: [{"role": "user", "content": text}]  # noqa: E731
    said = [(f"q {n}", who, "ab"[n // turn % 2]) for n in range(64) for who, turn in (("ana", 1), ("bob", 1), ("x", 2), ("y", 4), ("z", 8))]
    said += [("disputed", "ana", "a"), ("disputed", "bob", "b"), ("disputed", "x", "b")]
    rows = [{"prompt": asked(text), "a": "p", "b": "q", "choice": choice, "annotator": who} for text, who, choice in said]
    pairs, about = feedback.preferences(judged(tmp_path / "a.jsonl", *rows), None)
    assert len(pairs) == 64 and about["left out"] == "most prefer one answer, and not those who are to be trusted (1)"


@pytest.mark.parametrize("ending", ["jsonl.gz", "parquet", "csv", "json", "jsonl.zst"])
def test_judgements_are_read_from_any_table(tmp_path, ending):
    """A sitting's own rows and single scores, from whatever a table may be."""
    rows = [{"prompt": "What is it?", "a": "good", "b": "bad", "choice": "a", "score": None, "annotator": "ana"}]
    rows += [{"prompt": "What is it?", "a": "good", "b": None, "choice": None, "score": 4, "annotator": "bob"}]
    path = tmp_path / f"in.{ending}"
    lines = "".join(json.dumps(r) + "\n" for r in rows)
    if ending == "parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif ending == "csv":
        with open(path, "w", newline="") as file:
            csv.DictWriter(file, rows[0]).writeheader()
            csv.DictWriter(file, rows[0]).writerows(rows)
    elif ending.endswith("zst"):
        import zstandard

        path.write_bytes(zstandard.compress(lines.encode()))
    else:
        path.write_bytes(gzip.compress(lines.encode()) if ending.endswith("gz") else lines.encode())
    found, left_out = annotated.read(path)
    assert [(r["annotator"], r.get("choice"), r.get("score"), r.get("b"), r["prompt"]) for r in found] == [
        ("ana", "a", None, "bad", PROMPT),
        ("bob", None, 4, None, PROMPT),
    ]
    assert not left_out


def test_what_cannot_be_read_says_what_was_found(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="tables end in .json"):
        annotated.read(tmp_path / "a.txt")
    (tmp_path / "a.jsonl").write_text('{"text": "x", "label": 1}\n')
    with pytest.raises(UserError, match="line 1: .*columns are text, label"):
        annotated.read(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_text(json.dumps({"data": {"id": 1, "text": "x"}, "annotations": [pairwise("left")]}) + "\n")
    with pytest.raises(UserError, match="left out: fields id, text"):
        feedback.preferences(str(tmp_path / "b.jsonl"), None)


@pytest.mark.parametrize("kind", ["choice", "ranking"])
def test_argillas_data_sets_of_the_hub(tmp_path, kind):
    """A column for each field and each question's responses; drafts are none."""
    import pyarrow
    from pyarrow import parquet

    ranked = lambda *places: [{"value": f"response_{n}", "rank": r} for n, r in enumerate(places, 1)]  # noqa: E731
    values = ["response_1", "tie", "response_2"] if kind == "choice" else [ranked(1, 2), ranked(1, 1), ranked(2, 1)]
    row = {"id": "7", "status": "completed", **ASKED, "preference.responses": values, "preference.suggestion": None}
    row |= {"preference.responses.users": ["ana", "bob", "eve"], "preference.responses.status": ["submitted", "submitted", "draft"]}
    more = {**row, "prompt": "Another?", **{k: None for k in row if k.startswith("preference")}}
    parquet.write_table(pyarrow.Table.from_pylist([row, more]), tmp_path / "in.parquet")
    found, left_out = annotated.read(tmp_path / "in.parquet")
    assert [(r["annotator"], r["choice"], r["prompt"]) for r in found] == [("ana", "a", PROMPT), ("bob", "tie", PROMPT)]
    assert left_out == {"a response that was not submitted": 1}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_label_studios_tables(tmp_path, kind):
    """CSV and JSON_MIN as its converter writes them: a row for each annotation."""
    beside = {"annotation_id": 3, "created_at": "2026-01-01", "lead_time": 12.5, "id": 1}
    rows = [
        {**beside, **STUDIO, "preference": [{"selected": "right"}], "comment": "why not", "annotator": "ana@example.com"},
        {**beside, **STUDIO, "preference": "tie", "comment": "", "annotator": "bob@example.com"},
        {**beside, **STUDIO, "preference": "left", "comment": "", "annotator": "eve@example.com", "was_cancelled": True},
    ]
    path = tmp_path / f"in.{kind}"
    if kind == "csv":
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[2], quoting=csv.QUOTE_NONNUMERIC)
            writer.writeheader()
            writer.writerows({k: json.dumps(v) if isinstance(v, list) else v for k, v in r.items()} for r in rows)
    else:
        path.write_text(json.dumps(rows))
    found, left_out = annotated.read(path)
    assert [(r["annotator"], r["choice"], r["seconds"], r.get("comment")) for r in found] == [
        ("ana@example.com", "b", 12.5, "why not"),
        ("bob@example.com", "tie", 12.5, None),
    ]
    assert left_out == {"an annotation that was skipped": 1}
    rated = {**beside, "prompt": "What is it?", "answer": "good", "rating": [{"rating": 4}], "annotator": 1}
    (tmp_path / "rated.json").write_text(json.dumps([rated]))
    assert [(r["a"], r["score"]) for r in annotated.read(tmp_path / "rated.json")[0]] == [("good", 4)]


def test_what_was_skipped_in_label_studio_is_no_judgement(tmp_path):
    rows, left_out = taken(
        tmp_path, [{"data": STUDIO, "annotations": [pairwise("left", was_cancelled=True), pairwise("right", completed_by=1)]}]
    )
    assert [r["choice"] for r in rows] == ["b"] and left_out == {"an annotation that was skipped": 1}


def test_a_transcript_keeps_what_stands_above_it_and_tools_are_counted(tmp_path):
    system = [{"role": "system", "content": "Answer in French."}, *PROMPT]
    tools = [*PROMPT, {"role": "assistant", "content": "", "tool_calls": []}, {"role": "tool", "content": "7"}]
    rows, _ = taken(tmp_path, [{**ROWS[0], "prompt": system}, {**ROWS[0], "prompt": tools}, *ROWS[2:]])
    records = handover.hh(rows)
    assert handover.left_out("hh", rows) == {"a tie, or both bad": 2, "a conversation with tools": 1}
    assert records[0]["chosen"] == "\n\nSystem: Answer in French.\n\nHuman: What is it?\n\nAssistant: good"
    (again,), _ = taken(tmp_path, records)
    assert again["prompt"] == system and len(records) == 1


@pytest.mark.parametrize(
    ("record", "answers"),
    [
        ({"prompt": "What is it?", "chosen": "good", "rejected": "bad"}, ("good", "bad")),
        ({"prompt": PROMPT, "a": "good", "b": "bad", "choice": "a", "annotator": "ana"}, ("good", "bad")),
        ({"data": STUDIO, "annotations": []}, ("good", "bad")),
        ({"fields": ASKED, "responses": {}}, ("good", "bad")),
        ({"prompt": "What is it?", "completion": "good", "label": True}, ("good", None)),
        ({"question": "What is it?", "answer": "good"}, ("good", None)),
        ({"instruction": "What is it?", "output": "good"}, ("good", None)),
        ({"messages": [*PROMPT, {"role": "assistant", "content": "good"}]}, ("good", None)),
        ({"prompt": "What is it?", "target": "7"}, (None, None)),
        ({"messages": PROMPT}, (None, None)),
    ],
)
def test_what_a_file_asks_people_about(tmp_path, record, answers):
    path = tmp_path / "ask.jsonl"
    path.write_text((json.dumps(record) + "\n") * 2)
    (question,), left_out = annotated.asked(path)
    assert question["prompt"] == PROMPT and tuple(question.get(side) for side in "ab") == answers and left_out == {"asked twice": 1}


def test_what_a_file_cannot_ask_is_counted(tmp_path):
    (tmp_path / "ask.jsonl").write_text('{"prompt": "q", "a": "same", "b": "same"}\n{"text": "x"}\n{"prompt": "q", "a": " "}\n')
    drawn, left_out = annotated.asked(tmp_path / "ask.jsonl")
    assert drawn == [] and list(left_out) == [
        "two equal answers",
        "columns text, of no layout that we know",
        "no prompt, or an answer that is no text",
    ]


def scored(path, *said):
    prompt = [{"role": "user", "content": "q"}]
    rows = ({"prompt": prompt if len(s) < 4 else s[3], "a": s[0], "score": s[1], "annotator": s[2]} for s in said)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return str(path)


def test_an_answer_that_most_like_is_not_taught_as_one_that_they_do_not(tmp_path):
    """It is the worse of a pair, and liked; KTO learns what was said of it, and not its place."""
    said = [("A", s, f"x{n}") for n, s in enumerate((5, 5, 5))] + [("B", s, f"x{n}") for n, s in enumerate((5, 5, 1))]
    pairs, _ = feedback.preferences(scored(tmp_path / "thumbs.jsonl", *said), None)
    assert [(p["chosen"][0]["content"], p["liked"]) for p in pairs] == [("A", {"chosen": True, "rejected": True})]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs))
    assert [(r["completion"][0]["content"], r["label"]) for r in teaching.rated(tmp_path / "pairs.jsonl")] == [("A", True), ("B", True)]
    pairs, _ = feedback.preferences(scored(tmp_path / "scale.jsonl", ("A", 3, "x"), ("B", 1, "x")), None)
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(p) + "\n" for p in pairs))
    assert [r["label"] for r in teaching.rated(tmp_path / "pairs.jsonl")] == [False], "the middle of the scale says neither"


def test_a_harsh_person_is_held_against_what_he_usually_says(tmp_path):
    """Ana never gives more than 3, Bob never less than 4: her 3 is the better answer. Answers that differ by less than half a point are no pair."""
    other = lambda n: [{"role": "user", "content": f"other {n}"}]  # noqa: E731
    said = [(f"a{n}", 1 + n % 3 // 2, "ana", other(n)) for n in range(20)] + [(f"b{n}", 5, "bob", other(20 + n)) for n in range(20)]
    pairs, _ = feedback.ranked(annotated.read(scored(tmp_path / "a.jsonl", *said, ("A", 3, "ana"), ("B", 4, "bob")))[0])
    assert [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs] == [("A", "B")]
    assert pairs[0]["liked"] == {"chosen": None, "rejected": True}
    said = [(f"{who}{n}", 5 if n or who == "bob" else 4, who, other(f"{who} {n}")) for who in ("bob", "eve") for n in range(20)]
    pairs, _ = feedback.ranked(annotated.read(scored(tmp_path / "a.jsonl", *said, ("A", 4, "bob"), ("B", 4, "eve")))[0])
    assert pairs == [], "both said 4; that one of them usually says a little more is no preference"


def test_pairs_say_who_judged_them_and_other_peoples_votes_are_not_those_of_three(tmp_path):
    row = {"prompt": PROMPT, "chosen": [{"role": "assistant", "content": "good"}], "rejected": [{"role": "assistant", "content": "bad"}]}
    shaped = layouts.preference(
        {**row, "judges": {"sim-1": "chosen", "sim-2": "rejected", "x": None}, "votes": 17}, "prompt, chosen, rejected"
    )
    assert shaped["judges"] == {"sim-1": "chosen", "sim-2": "rejected"} and "votes" not in shaped
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps({**shaped, "annotators": "simulated"}) + "\n" + json.dumps({**row, "votes": 17}) + "\n")
    said = feedback.heard("", path)
    assert [(r["annotator"], r[r["choice"]], r["simulated"]) for r in said] == [("sim-1", "good", True), ("sim-2", "bad", True)]
    assert [r["annotator"] for r in agreement.judges(said)] == ["sim-1 (simulated)", "sim-2 (simulated)"]
    assert feedback.preferences("", path)[1]["agreement"] == 0.0
    path.write_text(json.dumps({**row, "votes": 17}) + "\n")
    assert feedback.heard("", path) == [] and feedback.preferences("", path)[1]["agreement"] is None


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
            "no rating of one from 1 to 5",
        ),
        (
            {
                "fields": {"prompt": "q", "response": "x"},
                "responses": {"rating": [{"value": 4, "user_id": "u"}], "helpful": [{"value": 1, "user_id": "u"}]},
            },
            1,
            "a second response of one person",
        ),
        (
            {
                "data": {"prompt": "q", "answer1": "x", "answer2": "y"},
                "annotations": [{"completed_by": 1, "result": [{"type": "rating", "value": {"rating": 4}}]}],
            },
            0,
            "an annotation that is no choice",
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
    found = agreement.agreement(feedback.table(judgements.scored(annotated.read(path)[0])), "ordinal")
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
    rows, left_out = annotated.read(path)
    assert len(rows) == 1 and left_out["half a line, as a kill leaves it"] == 1
    judged(path, {})
    with open(path, "a") as stream:
        stream.write('{"item": "x", "annot')
    with pytest.raises(UserError, match="line 2: not a JSON object"):
        annotated.read(path)


@pytest.mark.parametrize("empty", [None, ""])
def test_one_that_was_taken_back_takes_no_other_along_and_gold_stays_a_number(tmp_path, empty):
    """A table gives each row every column: `undo` of one row is nothing in the others."""
    own = {"prompt": [{"role": "user", "content": "What is it?"}], "a": "good", "annotator": "ana", "at": 1.0}
    said = [
        {**own, "item": f"i{n}", "a": f"good {n}", "score": 5, "repeat": 0, "gold": 5 if n == 0 else empty, "undo": empty} for n in range(3)
    ]
    said.append({**dict.fromkeys(said[0], empty), "annotator": "ana", "undo": "i2", "repeat": 0, "at": 2.0})
    path = tmp_path / "in.csv"
    with open(path, "w", newline="") as file:
        csv.DictWriter(file, said[0]).writeheader()
        csv.DictWriter(file, said[0]).writerows([{**r, "prompt": json.dumps(r["prompt"])} for r in said])
    for place in (path, judged(tmp_path / "in.jsonl", *said)):
        rows, _ = annotated.read(str(place))
        assert [r["a"] for r in rows] == ["good 0", "good 1"] and rows[0]["gold"] == 5 and "gold" not in rows[1]
        assert len(agreement.judges(rows)) == 1


def test_nobody_s_comment_is_given_to_others_and_what_is_lost_beside_a_choice_is_counted(tmp_path):
    said = [{"value": "response_1"}, {"value": "response_2"}]
    record = {
        "fields": {"prompt": "?", "response_1": "p", "response_2": "q"},
        "responses": {"preference": said, "comment": [{"value": "mine"}]},
    }
    (tmp_path / "in.json").write_text(json.dumps([record]))
    rows, _ = annotated.read(str(tmp_path / "in.json"))
    assert len(rows) == 2 and not any("comment" in r for r in rows)
    kept = {**rows[0], "seconds": 3.0, "comment": "so", "reasons": ["kinder"]}
    assert handover.left_out("trl", [kept]) == {f"the {what} of a judgement": 1 for what in ("reasons", "seconds", "comment")}
    assert list(handover.left_out("label_studio", [kept])) == ["the reasons of a judgement"]


def test_what_nobody_judged_yet_may_be_asked_in_the_shape_in_which_other_tools_take_it(tmp_path):
    studio, argilla = {"data": STUDIO}, {"fields": {"prompt": "?", "response_1": "p", "response_2": "q"}}
    (tmp_path / "in.json").write_text(json.dumps([studio, argilla]))
    found, left_out = annotated.asked(str(tmp_path / "in.json"))
    assert len(found) == 2 and not left_out


VOTED = {
    "prompt": PROMPT,
    "chosen": [{"role": "assistant", "content": "good"}],
    "rejected": [{"role": "assistant", "content": "bad"}],
    "judges": {"sim-1": "chosen", "sim-2": "chosen", "sim-3": "rejected"},
    "annotators": "simulated",
}


def test_pairs_that_simulated_annotators_judged_bring_their_votes_and_stay_simulated(tmp_path):
    """The pairs of phase 2, given as annotations."""
    rows, _ = taken(tmp_path, [VOTED], whole=True)
    assert [(r["annotator"], r[r["choice"]], r["simulated"]) for r in rows] == [
        ("sim-1", "good", True),
        ("sim-2", "good", True),
        ("sim-3", "bad", True),
    ]
    (pair,), about = feedback.preferences(str(tmp_path / "in.json"), None)
    assert pair["annotators"] == about["annotators"] == "simulated" and pair["votes"] == {"chosen": 2, "other": 1}


def test_a_pair_that_nobody_judged_is_no_judgement(tmp_path):
    rows, left_out = taken(tmp_path, [{**VOTED, "judges": None, "annotators": "nobody"}], whole=True)
    assert rows == [] and left_out == {"a pair that nobody judged": 1}


@pytest.mark.parametrize(
    "questions",
    [
        {"safety": [{"value": "bad", "user_id": "ana"}], "preference": [{"value": "response_1", "user_id": "ana"}]},
        {"helpful": [{"value": "response_1", "user_id": "ana"}], "harmless": [{"value": "response_2", "user_id": "ana"}]},
    ],
)
def test_of_several_questions_of_argilla_one_counts_for_each_person(tmp_path, questions):
    """The first of which the answer names one of the two; what a question of another kind was answered may be called bad, too."""
    rows, left_out = taken(tmp_path, [{"fields": ASKED, "responses": questions}])
    assert [(r["annotator"], r["choice"]) for r in rows] == [("ana", "a")] and left_out == {
        "a second response of one person to a record": 1
    }


def test_in_label_studio_what_names_an_answer_counts_before_another_tag(tmp_path):
    results = [{"type": "choices", "value": {"choices": ["bad"]}}, {"type": "pairwise", "value": {"selected": "right"}}]
    rows, left_out = taken(tmp_path, [{"data": STUDIO, "annotations": [{"completed_by": 1, "result": results}]}])
    assert [r["choice"] for r in rows] == ["b"] and left_out == {"a second response of one person to a record": 1}


def test_a_score_that_stands_twice_counts_once(tmp_path):
    rows, _ = annotated.read(scored(tmp_path / "a.jsonl", ("A", 5, "ana"), ("A", 5, "ana"), ("A", 1, "bob"), ("B", 3, "bob")))
    assert [(r["a"], r["score"]) for r in judgements.scored(rows)] == [("A", 5), ("A", 1), ("B", 3)]


def test_two_pairs_that_a_file_calls_by_one_name_are_two(tmp_path):
    path = judged(tmp_path / "a.jsonl", {"item": "q1"}, {"item": "q1", "a": "other", "choice": "b"})
    pairs, _ = feedback.preferences(path, None)
    assert [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs] == [("good", "bad"), ("bad", "other")]


def test_a_backup_copy_does_not_revive_what_was_taken_back(tmp_path):
    at = lambda second: {**ROWS[0], "item": "q", "tab": "t", "at": f"2026-01-01T10:00:0{second}+00:00"}  # noqa: E731
    left, right = at(1), {**at(5), "choice": "b"}
    undo = {"undo": "q", "annotator": "ana", "repeat": 0, "at": "2026-01-01T10:00:03+00:00"}
    for name, said in (("annotations.jsonl", (left, undo, right)), ("annotations.old.jsonl", (left,))):
        (tmp_path / name).write_text("".join(json.dumps(r) + "\n" for r in said))
    rows, left_out = annotated.read(tmp_path)
    assert [r["choice"] for r in rows] == ["b"] and left_out == {"given twice, or taken back": 3}


def test_two_votes_against_one_leave_as_one_pair_and_the_outvoted_is_counted(tmp_path):
    rows, _ = taken(tmp_path, [ROWS[0], {**ROWS[0], "annotator": "bob"}, {**ROWS[0], "annotator": "eve", "choice": "b"}])
    for kind in ("trl", "hh"):
        assert len(handover.EXPORTS[kind](rows)) == 1 and handover.left_out(kind, rows) == {"outvoted": 1}, kind
    (record,) = handover.argilla(rows)
    assert len(record["responses"]["preference"]) == 3, "who has a place for each judgement gets each"


def test_pairs_of_people_say_how_many_were_for_them_and_not_who(tmp_path):
    (pair,), _ = feedback.preferences(judged(tmp_path / "a.jsonl", {}, {"annotator": "bob"}, {"annotator": "eve", "choice": "tie"}), None)
    assert pair["votes"] == {"chosen": 2, "other": 1} and "bob" not in json.dumps(pair)
    (pair,), _ = feedback.preferences(scored(tmp_path / "s.jsonl", ("A", 2, "ana"), ("B", 1, "ana")), None)
    assert pair["votes"] == {"chosen": 0, "other": 1} and pair["liked"]["chosen"] is False


def test_gold_items_repeats_and_skips_are_no_judgements_and_who_gave_no_other_did_not_judge(tmp_path):
    more = {"annotator": "bob", "choice": "skip"}, {"annotator": "bob", "gold": "a"}, {"repeat": 1}
    _, about = feedback.preferences(judged(tmp_path / "a.jsonl", {}, *more), None)
    assert (about["judgements"], about["annotators"]) == (1, "1 person") and about["left out"] == "a gold item, a repeat or a skip (3)"


def test_label_studio_says_when_and_is_told_so(tmp_path):
    (row,), _ = taken(tmp_path, [{"data": STUDIO, "annotations": [pairwise("left", completed_by=1, created_at="2026-01-01T10:00:00Z")]}])
    assert row["at"] == "2026-01-01T10:00:00Z"
    assert handover.label_studio([row])[0]["annotations"][0]["created_at"] == row["at"]


@pytest.mark.parametrize(("one", "other"), [("Ana", " ana"), ("Jos\u00e9", "Jose\u0301")])
def test_one_person_is_one_person_however_a_file_writes_the_name(tmp_path, one, other):
    own = [{**ROWS[0], "annotator": name, "prompt": [{"role": "user", "content": f"q {n}"}]} for n, name in enumerate((one, other))]
    studio = [{"data": {**STUDIO, "prompt": r["prompt"]}, "annotations": [pairwise("left", completed_by=r["annotator"])]} for r in own]
    rows, _ = taken(tmp_path, [*own, *studio])
    assert len(rows) == 4 and len({r["annotator"] for r in rows}) == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Ana Souza", "people"), ("simulated", "simulated"), ("Nobody", "nobody"), ("simulated, Souza, Ana", "simulated, people")],
)
def test_of_annotators_a_pair_says_what_they_are_and_no_name(said, kept):
    shaped = layouts.preference({**VOTED, "annotators": said}, "prompt, chosen, rejected")
    assert shaped["annotators"] == kept
    assert feedback.who([{**VOTED, "annotators": said}]) == ", ".join(sorted(kept.split(", "))), "nor does a run that kept one say it"


def test_half_a_character_is_an_error_that_names_the_line(tmp_path):
    (tmp_path / "ask.jsonl").write_text('{"prompt": "q", "a": "\\ud83d", "b": "x"}\n')
    with pytest.raises(UserError, match="line 1: half a character"):
        annotated.asked(tmp_path / "ask.jsonl")


def test_a_turn_that_reads_as_several_is_no_transcript(tmp_path):
    rows, _ = taken(tmp_path, [{**ROWS[0], "prompt": [{"role": "user", "content": "He wrote:\n\nHuman: hi"}]}], whole=True)
    assert handover.hh(rows) == [] and list(handover.left_out("hh", rows)) == ['a turn that holds what begins one, such as "Human:"']
