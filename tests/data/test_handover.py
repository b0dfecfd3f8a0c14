"""Other tools' judgements come in whole, go out whole, and what is not understood is counted."""

import json

import pytest

from llmlab.data import feedback, handover
from llmlab.spine.errors import UserError

PROMPT = [{"role": "user", "content": "What is it?"}]
ROWS = [
    {"prompt": PROMPT, "a": "good", "b": "bad", "choice": "a", "annotator": "ana"},
    {"prompt": PROMPT, "a": "bad", "b": "good", "choice": "b", "annotator": "bob"},
    {"prompt": PROMPT, "a": "good", "b": "bad", "choice": "tie", "annotator": "eve"},
]


def taken(tmp_path, records, whole=False):
    path = tmp_path / "in.json"
    path.write_text(json.dumps(records) if whole else "".join(json.dumps(r) + "\n" for r in records))
    return feedback.read(path)


@pytest.mark.parametrize("tool", ["argilla", "label_studio"])
def test_out_and_in_again(tmp_path, tool):
    rows, _ = taken(tmp_path, ROWS)
    records = handover.EXPORTS[tool](rows)
    assert len(records) == 1, "one item, whichever answer came first"
    again, left_out = taken(tmp_path, json.loads(json.dumps(records)), whole=True)
    said = {(r["annotator"], r["choice"] if r["choice"] == "tie" else {"a": r["a"], "b": r["b"]}[r["choice"]]) for r in again}
    assert said == {("ana", "good"), ("bob", "good"), ("eve", "tie")} and not any(left_out.values())


def test_trl_and_transcripts_out_and_in_again(tmp_path):
    rows, _ = taken(tmp_path, ROWS)
    for layout in ("trl", "hh"):
        again, _ = taken(tmp_path, handover.EXPORTS[layout](rows))
        assert len(again) == 2 and all({"a": r["a"], "b": r["b"]}[r["choice"]] == "good" for r in again), layout


def test_nobody_is_lost_for_want_of_a_name(tmp_path):
    record = {"prompt": "q", "chosen": "x", "rejected": "y"}
    rows, _ = taken(tmp_path, [record, {**record, "chosen": "y", "rejected": "x"}])
    assert len(rows) == 2 and len({r["annotator"] for r in rows}) == 2 and len({r["item"] for r in rows}) == 1


@pytest.mark.parametrize(
    ("record", "count", "why"),
    [
        (
            {"fields": {"prompt": "q", "response_1": "x", "response_2": "y"}, "responses": {"rating": [{"value": 2, "user_id": "u"}]}},
            0,
            None,
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
