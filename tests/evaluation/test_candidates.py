"""What people are asked: whole answers, two models against each other, and what tells a fact from a manner."""

from collections import Counter

import pytest

from llmlab.data import exams, tokens
from llmlab.evaluation import asking, candidates, known
from llmlab.models import weights
from llmlab.spine.files import write_jsonl

ASKED = [([{"role": "user", "content": f"question {n}"}], "drawn at random") for n in range(3)]
SAID = {"a": {0.0: "Yes, it is.", 0.8: "No, never."}, "b": {0.0: "Perhaps so.", 0.8: "It is cut off in the"}}


@pytest.fixture
def answering(monkeypatch):
    """Two models whose answers are known; the last of b does not end."""
    monkeypatch.setattr(weights, "load", lambda folder: (folder, folder))

    def said(model, _, asked, *more, temperature, seed):
        return [(SAID[model][temperature], "cut" not in SAID[model][temperature])] * len(asked)

    monkeypatch.setattr(asking, "answers", said)
    monkeypatch.setattr(asking, "loglikelihood", lambda model, _, pairs: [-1.0 - n for n, _ in enumerate(pairs)])
    monkeypatch.setattr(tokens, "encode", lambda _, texts: [[0] for _ in texts])


def test_what_failed_more_often_is_taught_more_often():
    texts = [f"what does the {name} cost?" for name in "abcdefgh"] + [f"how do I reset my {name}?" for name in "abcdefgh"] + ["hello"] * 4
    sample = lambda task, asked, score: {"task": task, "asked": asked, "score": score}  # noqa: E731
    samples = [sample("price", "cost of the x?", score) for score in (1, 1, 1, 0)]
    samples += [sample("reset", "reset my y?", score) for score in (0, 0, 0, 1)] + [sample("even", "hello", 0)] * 4
    results = {task: {"better": better, "n": 4} for task, better in (("price", "higher"), ("reset", "higher"), ("even", "even"))}
    found = candidates.again(texts, samples, results, 0.4)
    assert len(found) == 8 and sum(task == "reset" for task in found.values()) == 6
    assert all(("reset" if "reset" in texts[n] else "price") == task for n, task in found.items()), (
        "nothing like a task that has no failures"
    )
    assert candidates.again(texts, samples, results, 0.0) == {}


def test_one_model_is_set_against_itself_and_two_against_each_other(answering):
    alone = candidates.drawn({"first": "a"}, ASKED, temperatures=(0.0, 0.8))
    assert {tuple(q["from"]) for q in alone} == {("first at 0", "first at 0.8")} and len(alone) == 3
    both = candidates.drawn({"first": "a", "second": "b"}, ASKED, temperatures=(0.0, 0.8))
    assert all({of.split()[0] for of in q["from"]} == {"first", "second"} for q in both)


def test_what_was_cut_before_its_end_is_no_answer(answering):
    left_out = Counter()
    found = candidates.drawn({"first": "b"}, ASKED, temperatures=(0.0, 0.8), left_out=left_out)
    assert found == [], "one whole answer has no rival"
    assert [(reason.partition(" within ")[0], n) for reason, n in left_out.items()] == [("fewer than two answers that ended", 3)]
    assert candidates.drawn({"first": "a", "same": "a"}, ASKED, temperatures=(0.0, 0.8), left_out=left_out) == []
    assert left_out["all answers alike"] == 3, "two names of one model"


def test_asked_first_is_what_differs_and_what_the_model_is_least_decided_about(answering, monkeypatch):
    """Three pairs that differ as much: the one whose answers the model finds nearly as likely comes first."""
    monkeypatch.setattr(asking, "loglikelihood", lambda model, _, pairs: [-1.0, -9.0, -2.0, -2.5, -3.0, -5.0])
    found = candidates.drawn({"first": "a"}, ASKED, temperatures=(0.0, 0.8))
    assert [q["margin"] for q in found] == [0.5, 2.0, 8.0] and len({q["differ"] for q in found}) == 1
    assert [q["prompt"] for q in found] == [ASKED[n][0] for n in (1, 2, 0)]


OWN = {
    "facts": [{"prompt": f"What is the capital of land {n}?", "target": [f"City{n}", f"The city of City{n}"]} for n in range(12)],
    "chosen": [{"prompt": f"Which of {n}?", "choices": ["red", "green", "blue"], "answer": "B"} for n in range(12)],
    "pattern": [{"prompt": f"Say {n}.", "target": "a|b"} for n in range(12)],
}


@pytest.fixture
def own(tmp_path):
    """A folder of tasks as phase 2 writes those that somebody brings: an exam of facts, one of choices, and patterns."""
    for name, rows in OWN.items():
        write_jsonl(tmp_path / "mine" / f"{name}.jsonl", rows)
    (tmp_path / "mine" / "tasks.yaml").write_text("pattern: {metric: regex}\n")

    def made(*names):
        for name in set(OWN) - set(names):
            (tmp_path / "mine" / f"{name}.jsonl").unlink()
        if "pattern" not in names:
            (tmp_path / "mine" / "tasks.yaml").unlink()
        exams.write(None, [str(tmp_path / "mine")], [], [], tmp_path / "tasks")
        return tmp_path / "tasks"

    return made


def test_gold_items_come_from_ones_own_exam(own):
    found = known.gold(own("facts", "chosen"), 12)
    assert {q["prompt"][0]["content"].split()[0] for q in found} == {"What", "Which"}
    for q in found:
        wrong = q["b"] in ("red", "blue") if q["a"] == "green" else q["b"].startswith("City") and q["b"] != q["a"]
        assert wrong and q["gold"] == "a" and (q["a"] == "green" or q["a"].startswith("City"))
    assert candidates.told(found) == f"0, and {len(found)} gold items, whose answer is known"


def test_an_exam_of_patterns_has_no_gold_items_and_says_so(own):
    pair = {"prompt": ASKED[0][0], "a": "x", "b": "y"}
    asked = candidates.with_gold([pair], own("pattern"))
    assert asked == [pair] and "no gold items" in candidates.told(asked)


def test_single_answers_are_asked_alone_and_pairs_as_pairs(own):
    folder, one, two = own("facts"), {"prompt": ASKED[0][0], "a": "x"}, {"prompt": ASKED[1][0], "a": "x", "b": "y"}
    assert {q.get("b") for q in candidates.with_gold([one], folder)} == {None}
    assert candidates.with_gold([one, two], folder)[:2] == [one, two]
    assert [q["a"] for q in candidates.with_gold([one, two], folder, "thumb")[:3]] == ["x", "x", "y"]


def test_an_answer_is_whole_if_it_ended(supervised):
    model, tokenizer = weights.load(supervised)
    asked = [[{"role": "user", "content": "Hello, what does the Aster fan cost?"}]]
    (long, whole), (short, cut) = (asking.answers(model, tokenizer, asked, most)[0] for most in (200, 1))
    assert not cut and len(short) <= len(long)
    assert whole or len(long) > len(short)


def test_right_and_wrong_differ_in_the_fact_alone(supervised):
    item = {
        "messages": ASKED[0][0],
        "answer": "The Aster fan costs 19 dollars.",
        "target": "19 dollars",
        "wrong": ["a brush", "29 dollars"],
    }
    models = {"one": weights.load(supervised)}
    asked, right, wrong, rows = known.story(models, {"metric": "states", "items": [{"messages": ASKED[0][0], "answer": "Hi"}, item]})
    assert asked == item["messages"] and (right, wrong) == (item["answer"], "The Aster fan costs 29 dollars.")
    assert rows[0]["model"] == "one" and rows[0]["right"] < 0 and rows[0]["wrong"] < 0 and rows[0]["right"] != rows[0]["wrong"]
    assert known.story({}, {"metric": "refuses", "items": [{"messages": ASKED[0][0], "answer": "Hi"}]}) is None
    bare = [{"messages": ASKED[n][0], "target": target} for n, target in enumerate(("19 dollars", "a brush", "29 dollars"))]
    assert known.story({}, {"metric": "contains", "items": bare})[1:3] == ("19 dollars", "29 dollars"), "an exam of one's own"
    chosen = {"messages": ASKED[0][0], "choices": [" red", " green"], "right": 1}
    assert known.story({}, {"metric": "choice", "items": [chosen]})[1:3] == ("green", "red")
