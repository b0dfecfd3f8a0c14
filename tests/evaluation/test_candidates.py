"""What people are asked: whole answers, two models against each other, and what tells a fact from a manner."""

import pytest

from llmlab.evaluation import asking, candidates
from llmlab.models import weights

ASKED = [([{"role": "user", "content": f"question {n}"}], "drawn at random") for n in range(3)]
SAID = {"a": {0.0: "Yes, it is.", 0.8: "No, never."}, "b": {0.0: "Perhaps so.", 0.8: "It is cut off in the"}}


@pytest.fixture
def answering(monkeypatch):
    """Two models whose answers are known; the last of b does not end."""
    monkeypatch.setattr(weights, "load", lambda folder: (folder, folder))

    def said(model, _, asked, *more, temperature, seed):
        return [(SAID[model][temperature], "cut" not in SAID[model][temperature])] * len(asked)

    monkeypatch.setattr(asking, "answers", said)


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
    found = candidates.drawn({"first": "b"}, ASKED, temperatures=(0.0, 0.8))
    assert found == [], "one whole answer has no rival"


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
    asked, wrong, rows = asking.story({"one": weights.load(supervised)}, [{"messages": ASKED[0][0], "answer": "Hi"}, item])
    assert asked == item and wrong == "The Aster fan costs 29 dollars."
    assert rows[0]["model"] == "one" and rows[0]["right"] < 0 and rows[0]["wrong"] < 0 and rows[0]["right"] != rows[0]["wrong"]
    assert asking.story({}, [{"messages": ASKED[0][0], "answer": "Hi"}]) is None
