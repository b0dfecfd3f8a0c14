"""Lessons obey the conservation law: what is left out is counted, and what has another shape is an error with its line."""

import json

import pytest

from llmlab.data import derive, lessons, teaching
from llmlab.spine.errors import UserError

ASK, SAY = {"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello!"}


@pytest.mark.parametrize(
    "messages",
    [
        [ASK, {"role": "assistant", "content": None}], [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, SAY], [ASK, {"role": "tool", "content": "x"}, SAY], [ASK], [SAY], [ASK, ASK, SAY], [],
        [ASK, SAY, SAY], [{"role": "system", "content": "x"}, SAY], "text", None, [None], [{"content": "x"}, SAY],
    ],
)  # fmt: skip
def test_a_conversation_of_another_shape_is_an_error_with_its_line(tmp_path, messages):
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": [ASK, SAY]}) + "\n" + json.dumps({"messages": messages}) + "\n")
    with pytest.raises(UserError, match="a.jsonl, line 2"):
        teaching.conversations(tmp_path / "a.jsonl")


def test_what_is_left_out_is_counted_and_what_stays_is_masked():
    rows = [
        {"messages": m}
        for m in ([ASK, SAY], [ASK, SAY], [{**ASK, "content": " "}, SAY], [{**ASK, "content": "I am joe@mail.example.com"}, SAY])
    ]
    kept, left_out = teaching.sound(rows)
    assert left_out == {"a repetition": 1, "an empty turn": 1} and len(kept) + sum(left_out.values()) == len(rows)
    assert kept[1]["messages"][0]["content"] == "I am [email]"
    pairs = [{"prompt": [ASK], "chosen": [SAY], "rejected": [{**SAY, "content": c}]} for c in ("No.", "Hello!", "No.")]
    assert teaching.sound(pairs)[1] == {"both answers are equal": 1, "a repetition": 1}


def test_what_a_tool_is_called_with_is_masked_too():
    call = {"function": {"name": "send_mail", "arguments": {"to": ["joe@mail.example.com"], "copies": 2}}}
    rows = [
        {"messages": [ASK, {"role": "assistant", "content": "", "tool_calls": [one]}, {"role": "tool", "content": "sent"}, SAY]}
        for one in (call, call["function"])
    ]
    first, second = (row["messages"][1]["tool_calls"][0] for row in teaching.sound(rows)[0])
    assert first["function"] == second == {"name": "send_mail", "arguments": {"to": ["[email]"], "copies": 2}}


def test_lessons_longer_than_the_window_are_counted_and_all_of_them_refused(small):
    from llmlab.data import tokens

    tokenizer = tokens.load(small / "model")
    rows = [{"messages": [{**ASK, "content": "word " * n}, SAY]} for n in (1, 2, 500)]
    kept, left_out = teaching.fitting(tokenizer, rows, 64, "conversations")
    assert len(kept) == 2 and left_out == {"longer than the window of 64 tokens": 1}
    with pytest.raises(UserError, match="none of the 1 conversations fits"):
        teaching.fitting(tokenizer, rows[2:], 64, "conversations")
    with pytest.raises(UserError, match="none of the 1 pairs fits"):
        teaching.fitting_pairs(
            tokenizer, [{"prompt": [ASK], "chosen": [{**SAY, "content": "word " * 500}], "rejected": [SAY]}], 64, "pairs"
        )


def test_derived_pairs_never_have_equal_answers(tmp_path):
    documents = [
        {"id": str(n), "source": "notes", "text": " ".join(f"river{n % 3} lamp{k % (n + 2)}" for k in range(60))} for n in range(23)
    ]
    facts = lessons.write(None, documents, [], [], tmp_path / "i.jsonl", tmp_path / "p.jsonl", 1, 3000)
    assert all(p["chosen"] != p["rejected"] for p in teaching.pairs(tmp_path / "p.jsonl"))
    for row, count in zip(facts["waterfall"], (facts["conversations"], facts["pairs"]), strict=True):
        assert row["in"] == row["kept"] + row["left out"] and row["kept"] == count


def test_tasks_can_be_made_of_a_language_without_spaces_and_the_right_choice_moves():
    text = "我的邻居买了水壶，他说很安静，价格不高。老师修好了风扇，颜色很漂亮。"
    documents = [{"id": str(n), "source": "notes", "url": str(n), "text": text * 8} for n in range(60)]
    heads, items = derive.tasks({"validation": documents[::2], "test": documents[1::2]}, 1)
    assert "cloze" in {h["name"] for h in heads}
    for item in items["cloze"]["test"]:
        assert len(set(item["choices"])) == 4 and item["choices"][item["right"]] in text * 3
    assert len({i["right"] for i in items["cloze"]["test"]}) == 4
