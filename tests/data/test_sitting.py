"""A sitting loses nothing: not by a reload, a kill, a second tab, an undo, or a hostile answer."""

import json
import multiprocessing
from collections import Counter

import pytest

from llmlab.data import judgements
from llmlab.data.sitting import Sitting

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
ITEMS = [{"prompt": user(f"question {n}"), "a": f"answer {n}", "b": f"other {n}"} for n in range(24)]
GOLD = [{"prompt": user(f"sure {n}"), "a": "right", "b": "wrong", "gold": "a"} for n in range(6)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "annotations.jsonl"


def play(sitting, choose, most=100):
    for _ in range(most):
        question = sitting.question()
        if "token" not in question:
            return
        sitting.judge(question["token"], choose(question), seconds=2.0)


def test_a_sitting_is_blind_and_both_sides_come_first(path):
    sitting, shown = Sitting(path, ITEMS + GOLD, "ann", most=26), []
    play(sitting, lambda q: shown.append(q) or "left")
    known = {"token", "prompt", "left", "right", "scale", "done", "of", "seconds_left", "reasons", "undo"}
    assert all(set(q) <= known for q in shown), "nothing tells which is which, what is gold, and what was asked before"
    rows, broken = judgements.read(path)
    assert (len(rows), broken) == (26, 0) and {r["shown"] for r in rows} == {"ab", "ba"}
    assert all(r["choice"] == r["shown"][0] for r in rows) and shown[-1]["seconds_left"] == 2
    assert sum("gold" in r for r in rows) >= 2 and sum(r["repeat"] for r in rows) >= 1
    again = {r["item"]: r["shown"] for r in rows if r["repeat"]}
    assert all(shown != next(r["shown"] for r in rows if r["item"] == i and not r["repeat"]) for i, shown in again.items()), (
        "sides are exchanged"
    )
    assert len({q["token"] for q in shown}) == 26
    over = sitting.question()
    assert (over["done"], over["of"]) == (26, 26) and over["more"] > 0 and "token" not in over


def test_another_sitting_asks_what_is_left(path):
    sitting = Sitting(path, ITEMS, "ann", most=8)
    play(sitting, lambda q: "tie")
    assert sitting.question()["more"] > 0
    sitting.go_on()
    play(sitting, lambda q: "tie")
    sitting.go_on()
    play(sitting, lambda q: "tie")
    again = Sitting(path, ITEMS, "ann", most=8)
    again.go_on()
    play(again, lambda q: "tie")
    asked = Counter(r["item"] for r in judgements.read(path)[0] if not r["repeat"])
    assert max(asked.values()) == 1 and len(asked) > 20


def test_a_sitting_that_is_full_stays_over_until_another_is_asked_for(path):
    play(Sitting(path, ITEMS, "ann", most=8), lambda q: "tie")
    again = Sitting(path, ITEMS, "ann", most=8)
    assert "token" not in again.question() and (again.question()["done"], again.question()["more"] > 0) == (8, True)
    again.go_on()
    assert "token" in again.question() and again.question()["done"] == 0


def test_what_was_skipped_is_not_asked_a_second_time(path):
    """What is said at a repeat counts nowhere else, so a choice there would be lost."""
    sitting = Sitting(path, ITEMS, "ann", most=100)
    play(sitting, lambda q: "skip")
    assert len(sitting.mine()) == len(ITEMS) and not any(r["repeat"] for r in sitting.mine())


def test_some_questions_are_shared_and_some_are_new(path):
    play(Sitting(path, ITEMS, "ann", most=12), lambda q: "left")
    by_ann = {r["item"] for r in judgements.read(path)[0]}
    play(Sitting(path, ITEMS, "bob", most=12), lambda q: "left")
    by_bob = {r["item"] for r in judgements.read(path)[0] if r["annotator"] == "bob"}
    assert len(by_bob & by_ann) > 1 and len(by_bob - by_ann) > 1


def test_where_two_said_different_things_a_third_is_asked_first(path):
    disputed = ITEMS[20]["prompt"]
    side = lambda q, word: "left" if q["left"].startswith(word) else "right"  # noqa: E731
    play(Sitting(path, ITEMS, "ann"), lambda q: side(q, "answer"))
    play(Sitting(path, ITEMS, "bob"), lambda q: side(q, "other" if q["prompt"] == disputed else "answer"))
    two, found = path.read_bytes(), 0
    for n in range(20):
        path.write_bytes(two)
        play(Sitting(path, ITEMS, f"third {n}", most=2), lambda q: side(q, "answer"))
        found += any(r["prompt"] == disputed for r in judgements.read(path)[0][-2:])
    assert found >= 10, "by chance it would be one of twelve"


def test_who_is_asked_twice_or_takes_back_is_no_second_person(path):
    """A repeat that was answered otherwise disputes nothing: others have not spoken yet."""
    sitting = Sitting(path, ITEMS[:1], "ann")
    play(sitting, lambda q: "left")
    (row,) = sitting.mine()
    judgements.append(path, {**row, "repeat": 1, "choice": "b" if row["choice"] == "a" else "a"})
    bob = Sitting(path, ITEMS[:1], "bob")
    assert list(bob._open(judgements.read(path)[0], []).values()) == [[row["choice"]]]
    judgements.append(path, {"undo": row["item"], "repeat": 0, "annotator": "ann"})
    assert list(bob._open(judgements.read(path)[0], []).values()) == [[]]


def test_a_reload_goes_on_and_another_tab_asks_nothing_twice(path):
    first = Sitting(path, ITEMS, "ann", most=8)
    play(first, lambda q: "tie", most=3)
    asked = first.question()
    second = Sitting(path, ITEMS, "ann", most=8)
    assert second.question() == asked, "the same question after a reload"
    second.judge(asked["token"], "right")
    first.judge(asked["token"], "left")
    rows, _ = judgements.read(path)
    assert len(rows) == 4 and rows[-1]["choice"] == rows[-1]["shown"][1], "what was said first stays"
    assert Sitting(path, ITEMS, "bob", most=8).question()["done"] == 0, "others have their own"


def test_undo_asks_again(path):
    sitting = Sitting(path, ITEMS, "ann", most=8)
    play(sitting, lambda q: "left", most=1)
    asked = sitting.question()
    sitting.judge(asked["token"], "left")
    last = sitting.question()["undo"]
    for _ in range(3):  # as when the reply to the first was lost
        sitting.undo(last)
    assert sitting.question()["token"] == asked["token"] and len(sitting.mine()) == 1
    sitting.judge(asked["token"], "bad")
    assert sitting.mine()[-1]["choice"] == "bad"
    while last := sitting.question()["undo"]:
        sitting.undo(last)
    assert sitting.mine() == [] and sitting.question()["done"] == 0


def test_progress_is_that_of_these_questions_and_nothing_else_can_be_taken_back(path):
    """The file may hold judgements of another phase 5, or on another scale."""
    play(Sitting(path, ITEMS, "ann"), lambda q: "left", most=20)
    anew = [{**i, "a": f"{i['a']} anew"} for i in ITEMS]
    first = Sitting(path, anew, "ann").question()
    assert (first["done"], first["undo"]) == (0, None) and first["of"] == 26, "and two are asked again"
    single = [{"prompt": i["prompt"], "a": i["a"], "scale": "score"} for i in ITEMS]
    assert Sitting(path, single, "ann").question()["undo"] is None


def test_how_many_questions_there_are_does_not_grow(path):
    sitting, told = Sitting(path, ITEMS + GOLD, "ann", most=100), []
    play(sitting, lambda q: told.append((q["done"], q["of"])) or "tie", most=100)
    assert told == [(n, 33) for n in range(33)] and sitting.question()["done"] == sitting.question()["of"] == 33
    assert sum(bool(r["repeat"]) for r in sitting.mine()) == 3


def test_the_last_answer_counts_where_no_reply_was_heard(path):
    """A tab that got its reply goes on; so one that judges the same question again did not."""
    sitting = Sitting(path, ITEMS, "ann", most=8)
    asked = sitting.question()
    for side in ("left", "right", "right"):
        sitting.judge(asked["token"], side, tab="one")
    sitting.judge(asked["token"], "tie", tab="another")
    (row,) = sitting.mine()
    assert row["choice"] == row["shown"][1] and sitting.question()["done"] == 1
    sitting.undo(sitting.question()["undo"])
    assert sitting.mine() == [] and sitting.question() == asked


def test_both_answers_to_a_prompt_are_scored_by_one_person(path):
    single = [{"prompt": i["prompt"], "a": i[side], "scale": "score"} for i in ITEMS for side in ("a", "b")]
    sitting = Sitting(path, single, "ann", most=12)
    play(sitting, lambda q: 4)
    prompts = Counter(r["prompt"][0]["content"] for r in sitting.mine() if not r["repeat"])
    assert list(prompts.values()).count(2) >= 3


def test_one_person_is_one_person_however_the_name_is_written(path, monkeypatch):
    play(Sitting(path, ITEMS, "Ana", most=4), lambda q: "left")
    monkeypatch.setenv("LLMLAB_ANNOTATOR", " ana ")
    assert len(Sitting(path, ITEMS, most=8).mine()) == 4


def test_an_accent_may_be_a_sign_of_its_own(path):
    play(Sitting(path, ITEMS, "Jos\u00e9", most=4), lambda q: "left")
    assert len(Sitting(path, ITEMS, "Jose\u0301", most=8).mine()) == 4


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


@pytest.mark.parametrize(("scale", "right", "wrong"), [("score", 4, 7), ("thumb", 5, 3), ("score", 1, True)])
def test_single_answers_are_scored(path, scale, right, wrong):
    sitting = Sitting(path, [{"prompt": user("q"), "a": "text", "scale": scale}], "ann")
    asked = sitting.question()
    assert asked["right"] is None and asked["scale"] == scale
    with pytest.raises(ValueError, match="no score"):
        sitting.judge(asked["token"], wrong)
    sitting.judge(asked["token"], right, comment="fine", reasons=["too long", "<script>"])
    (row,) = sitting.mine()
    assert row["score"] == right and row["comment"] == "fine" and row["reasons"] == ["too long"] and "choice" not in row


def test_single_answers_whose_worth_is_known_are_mixed_in_and_kept_as_such(path):
    single = [{"prompt": user(f"q {n}"), "a": "text", "scale": "score"} for n in range(20)]
    gold = [{"prompt": user(f"sure {n}"), "a": "right", "scale": "score", "gold": (1, 5)[n % 2]} for n in range(6)]
    shown = []
    play(Sitting(path, single + gold, "ann", most=26), lambda q: shown.append(q) or 4)
    rows, _ = judgements.read(path)
    assert not any("gold" in q for q in shown) and len([r for r in rows if "gold" in r]) >= 2
    assert all(("gold" in r) == (r["a"] == "right") for r in rows) and not any("gold" in r for r in judgements.scored(rows))


@pytest.mark.parametrize("side", ["above", "", None, 3, "a"])
def test_what_is_no_choice_is_refused(path, side):
    sitting = Sitting(path, ITEMS, "ann")
    with pytest.raises(ValueError, match="no choice"):
        sitting.judge(sitting.question()["token"], side)
    with pytest.raises(ValueError, match="not of this sitting"):
        sitting.judge("nothing", "left")
    assert not path.exists()


@pytest.mark.parametrize("seconds", [float("nan"), -1, "long", True, 1e9, None])
def test_seconds_that_are_none_are_not_kept(path, seconds):
    sitting = Sitting(path, ITEMS, "ann")
    sitting.judge(sitting.question()["token"], "left", seconds=seconds)
    assert "seconds" not in sitting.mine()[0] and sitting.question()["done"] == 1


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    sitting = Sitting(path, ITEMS, "ann")
    play(sitting, lambda q: "left", most=2)
    before = path.read_bytes()

    def half(stream, data):
        stream.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(judgements, "_write", half)
    with pytest.raises(OSError, match="No space"):
        play(sitting, lambda q: "left", most=1)
    assert path.read_bytes() == before and len(sitting.mine()) == 2 and json.loads(before.splitlines()[-1])


def test_gold_and_repeats_are_no_judgements_to_learn_from():
    rows = [
        {"item": "1", "a": "y", "b": "x", "choice": "a", "annotator": "z"},
        {"item": "2", "a": "x", "b": "y", "choice": "a", "gold": "a"},
        {"item": "1", "a": "x", "b": "y", "choice": "a", "repeat": 1},
    ]
    assert judgements.counted(rows) == [{"item": "1", "a": "x", "b": "y", "choice": "b", "annotator": "z"}]
