"""What a model says wrongly is set against the preferred answer; what nobody can call wrong is not."""

import json

import pytest

from llmlab.evaluation import asking
from llmlab.models import weights
from llmlab.training import mistakes

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
bot = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
RIGHT = {
    "cost?": "It costs 19 dollars.",
    "mail?": "I am sorry, I cannot share personal data.",
    "colour?": "It is green.",
    "help?": "With pleasure.",
}


@pytest.fixture
def saying(monkeypatch, tmp_path):
    """A model whose answers at temperature 0 and 1 are known, and what becomes of them."""
    said = {}
    monkeypatch.setattr(weights, "load", lambda *_: (None, None))

    def answers(model, tokenizer, asked, room, temperature, seed):
        return [(said[m[-1]["content"]][temperature > 0], "cut" not in said[m[-1]["content"]][temperature > 0]) for m in asked]

    def found(**more):
        rows = [{"prompt": user(asked), "chosen": bot(right), "rejected": bot("Nothing."), **more} for asked, right in RIGHT.items()]
        return {p["prompt"][0]["content"]: (p["rejected"][0]["content"], p["flaw"]) for p in mistakes.own("sft", rows * 2, tmp_path, 60)}

    monkeypatch.setattr(asking, "answers", answers)
    return said, found


def test_what_can_be_called_wrong_is_set_against_what_is_preferred(saying):
    said, found = saying
    said |= {
        "cost?": ("It is 19 dollars.", "It costs 25 dollars."),
        "mail?": ("It is on the order.", "Sorry."),
        "colour?": ("I do not know that.", "Blue."),
        "help?": ("You idiot.", "Yes."),
    }
    assert found() == {
        "cost?": ("It costs 25 dollars.", mistakes.VALUE),
        "mail?": ("It is on the order.", mistakes.YIELDS),
        "colour?": ("I do not know that.", mistakes.DECLINES),
        "help?": ("You idiot.", mistakes.RUDE),
    }
    assert found(judges={"a": "chosen", "b": "rejected"}) == found(likelihood=0.8) == {}, (
        "where those who preferred it did not agree it may be the wrong one"
    )


@pytest.mark.parametrize(
    ("pair", "right"),
    [
        ({}, True),
        ({"votes": {"chosen": 1, "other": 0}}, True),
        ({"votes": {"chosen": 2, "other": 1}}, False),
        ({"votes": {"chosen": 2, "other": 0}}, True),
        ({"votes": {"chosen": 2, "other": 1}, "likelihood": 0.95}, True),
        ({"liked": {"chosen": False, "rejected": False}}, False),
        ({"liked": {"chosen": True, "rejected": False}}, True),
    ],
)
def test_what_is_taken_for_right_is_liked_and_more_than_one_vote(pair, right):
    assert mistakes._sure(pair) == right


def test_what_nobody_can_call_wrong_is_no_mistake(saying):
    said, found = saying
    said |= {
        "cost?": ("It costs 19 dollars and nothing more.", "It costs 25 cut"),
        "mail?": ("I do not give out personal data.", "I cannot share that."),
        "colour?": ("Blue.", ""),
        "help?": ("Gladly.", "Of course."),
    }
    assert found() == {}, "right in other words, cut before its end, empty, or another word without a number"


def test_a_model_is_asked_and_its_mistakes_are_pairs(small, supervised):
    from llmlab.data import teaching

    pairs = teaching.pairs(small / "pairs.jsonl")
    found = mistakes.own(supervised, pairs, small / "tasks", 40, seed=1)
    assert found and found == mistakes.own(supervised, pairs, small / "tasks", 40, seed=1)
    assert {json.dumps(p["prompt"]) for p in found} <= {json.dumps(p["prompt"]) for p in pairs}
    assert all(p["chosen"] != p["rejected"] and p["annotators"] == "nobody" and p["flaw"] for p in found)
    assert mistakes.own(supervised, [], small / "tasks", 40) == []
