"""A sitting loses nothing: not by a reload, a kill, a second tab, an undo, or a hostile answer."""

import json
import multiprocessing

import pytest

from llmlab.data import judgements
from llmlab.data.sitting import Sitting

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
ITEMS = [{"prompt": user(f"question {n}"), "a": f"answer {n}", "b": f"other {n}"} for n in range(12)]
GOLD = [{"prompt": user(f"sure {n}"), "a": "right", "b": "wrong", "gold": "a"} for n in range(2)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "annotations.jsonl"


def play(sitting, choose, most=100):
    for _ in range(most):
        question = sitting.question()
        if "item" not in question:
            return
        sitting.judge(question["item"], question["repeat"], choose(question), seconds=2.0)


def test_a_sitting_is_blind_and_both_sides_come_first(path):
    sitting, shown = Sitting(path, ITEMS + GOLD, "ann", most=16), []
    play(sitting, lambda q: shown.append(q) or "left")
    assert all(set(q) <= {"item", "repeat", "prompt", "left", "right", "done", "of", "seconds_left", "reasons"} for q in shown), (
        "nothing tells which is which"
    )
    rows, broken = judgements.read(path)
    assert (len(rows), broken) == (16, 0) and {r["shown"] for r in rows} == {"ab", "ba"}
    assert all(r["choice"] == r["shown"][0] for r in rows) and shown[-1]["seconds_left"] == 2
    assert sum("gold" in r for r in rows) >= 1 and sum(r["repeat"] for r in rows) >= 1
    again = {r["item"]: r["shown"] for r in rows if r["repeat"]}
    assert all(shown != next(r["shown"] for r in rows if r["item"] == i and not r["repeat"]) for i, shown in again.items()), (
        "sides are exchanged"
    )
    assert sitting.question() == {"done": 16, "of": 16, "seconds_left": 0, "reasons": sitting.question()["reasons"]}


def test_a_reload_goes_on_and_another_tab_asks_nothing_twice(path):
    first = Sitting(path, ITEMS, "ann", most=8)
    play(first, lambda q: "tie", most=3)
    asked = first.question()
    second = Sitting(path, ITEMS, "ann", most=8)
    assert second.question() == asked, "the same question after a reload"
    second.judge(asked["item"], asked["repeat"], "right")
    first.judge(asked["item"], asked["repeat"], "left")
    rows, _ = judgements.read(path)
    assert len(rows) == 4 and rows[-1]["choice"] == rows[-1]["shown"][1], "what was said first stays"
    assert Sitting(path, ITEMS, "bob", most=8).question()["done"] == 0, "others have their own"


def test_undo_asks_again(path):
    sitting = Sitting(path, ITEMS, "ann", most=8)
    play(sitting, lambda q: "left", most=2)
    last = sitting.mine()[-1]
    sitting.undo()
    assert sitting.question()["item"] == last["item"] and len(sitting.mine()) == 1
    sitting.judge(last["item"], 0, "bad")
    assert sitting.mine()[-1]["choice"] == "bad"
    for _ in range(5):
        sitting.undo()
    assert sitting.mine() == [] and sitting.question()["done"] == 0


def test_a_half_line_of_a_kill_costs_that_line_alone(path):
    sitting = Sitting(path, ITEMS, "ann", most=8)
    play(sitting, lambda q: "left", most=2)
    with open(path, "ab") as stream:
        stream.write(b'{"item": "x", "annot')
    play(sitting, lambda q: "right", most=1)
    rows, broken = judgements.read(path)
    assert (len(rows), broken) == (3, 1)


def write_many(path, name):
    play(Sitting(path, ITEMS, name, most=10), lambda q: "left")


def test_several_people_at_once_lose_nothing(path):
    path.parent.mkdir()
    people = [multiprocessing.get_context("fork").Process(target=write_many, args=(path, f"person {n}")) for n in range(4)]
    for p in people:
        p.start()
    for p in people:
        p.join()
    rows, broken = judgements.read(path)
    assert broken == 0 and len(rows) == 40 and {r["annotator"] for r in rows} == {f"person {n}" for n in range(4)}


def test_single_answers_are_scored(path):
    sitting = Sitting(path, [{"prompt": user("q"), "a": "text"}], "ann")
    assert sitting.question()["right"] is None
    with pytest.raises(ValueError, match="no score"):
        sitting.judge(sitting.question()["item"], 0, 7)
    sitting.judge(sitting.question()["item"], 0, 4, comment="fine", reasons=["too long", "<script>"])
    (row,) = sitting.mine()
    assert row["score"] == 4 and row["comment"] == "fine" and row["reasons"] == ["too long"] and "choice" not in row


@pytest.mark.parametrize("side", ["above", "", None, 3])
def test_what_is_no_choice_is_refused(path, side):
    sitting = Sitting(path, ITEMS, "ann")
    asked = sitting.question()
    with pytest.raises(ValueError, match="no choice"):
        sitting.judge(asked["item"], asked["repeat"], side)
    with pytest.raises(ValueError, match="not in this sitting"):
        sitting.judge("nothing", 0, "left")
    assert not path.exists()


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    sitting = Sitting(path, ITEMS, "ann")
    play(sitting, lambda q: "left", most=2)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(judgements.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        play(sitting, lambda q: "left", most=1)
    assert path.read_bytes() == before and len(sitting.mine()) == 2 and json.loads(before.splitlines()[-1])
