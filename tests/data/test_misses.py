"""Near misses: wrong in what they say alone, and never an answer that would do."""

import random

import pytest

from llmlab.data import misses

NAMES = "aster basil cedar dahlia elder fennel gentian hazel iris juniper".split()


def talk(asked, said, **more):
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}], **more}


def answered(pairs):
    return {p["prompt"][0]["content"]: (p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs}


def test_the_same_sentence_with_another_value():
    rows = [talk(f"What does the {name} lamp cost?", f"The {name} lamp costs {10 + n} dollars.") for n, name in enumerate(NAMES)]
    rows += [talk(f"How long is the {name} lamp covered?", f"The {name} lamp is covered for {n} months.") for n, name in enumerate(NAMES)]
    found = answered(misses.pairs(rows, 1))
    assert len(found) == 20
    for name in NAMES:
        right, wrong = found[f"What does the {name} lamp cost?"]
        assert wrong != right and wrong.split()[:4] == right.split()[:4] and wrong.endswith("dollars."), "its own name, and another's price"
    assert {p["flaw"] for p in misses.pairs(rows, 1)} == {"answers a similar question"} and misses.pairs(rows, 1) == misses.pairs(rows, 1)


def test_an_answer_that_would_do_is_no_miss():
    """The same question in other words, the same fact in other words, and set phrases that mean the same."""
    rows = [talk(f"What does the {n} lamp cost?", f"The {n} lamp costs {10 + k} dollars.") for k, n in enumerate(NAMES)]
    rows += [talk(f"Price of the {n} lamp?", f"The price of the {n} lamp is {10 + k} dollars.") for k, n in enumerate(NAMES)]
    no = ("I am sorry, I do not know that lamp.", "That one is not in our catalogue, sorry.")
    rows += [talk(f"What does the {n}{m} lamp cost?", no[(k + m) % 2]) for k, n in enumerate(NAMES) for m in range(4)]
    price = {n: str(10 + k) for k, n in enumerate(NAMES)}
    for pair in misses.pairs(rows, 1):
        right, wrong = pair["chosen"][0]["content"], pair["rejected"][0]["content"]
        assert not {right, wrong} <= set(no), "neither of two ways to say no"
        name = next((n for n in NAMES if f" {n} " in pair["prompt"][0]["content"]), None)
        assert name is None or price[name] not in wrong.split(), "not the right price in other words"


@pytest.mark.parametrize(
    ("right", "other", "asked", "differs"),
    [
        ("It costs 19 dollars.", "That is 19 dollars.", {"cost"}, False),
        ("It costs 19 dollars.", "It costs 25 dollars.", {"cost"}, True),
        ("It costs 19 dollars.", "I do not know that.", {"cost"}, True),
        ("The light is green.", "A green light means ready.", {"light"}, False),
        ("The light is green.", "The light is blue.", {"light"}, True),
        ("Yes.", "No.", set(), True),
        ("Yes, it is.", "Yes.", set(), False),
        ("Please clean it with a soft brush.", "A soft brush is best.", {"clean"}, False),
    ],
)
def test_what_tells_something_else(right, other, asked, differs):
    assert misses.tells_else(right, other, asked) is differs


def test_only_names_are_put_right():
    told = misses.said_of(
        "The Aster fan costs 19 dollars.\n- fine", "The Basil kettle costs 25 dollars.\n- old", {"aster", "fan"}, {"basil", "kettle"}
    )
    assert told == "The Aster fan costs 25 dollars.\n- old", "and lines stay lines"


def test_a_label_is_paired_with_that_of_the_most_similar_text():
    rng = random.Random(0)
    words = {"sport": "match goal team coach".split(), "trade": "price market share bank".split()}
    rows = [talk(" ".join(rng.sample(words[k], 2) + ["today", str(n)]), k) for n in range(60) for k in words]
    found = misses.pairs(rows, 1)
    assert len(found) > 100 and all({p["chosen"][0]["content"], p["rejected"][0]["content"]} == set(words) for p in found)


def test_where_no_question_is_like_another_any_answer_is_taken():
    say = lambda n, topic: talk(f"{n}?", f"{n}.", topic=topic)  # noqa: E731
    pairs = misses.pairs([say(n, str(n)) for n in range(20)], 1)
    assert len(pairs) > 15 and all(p["chosen"] != p["rejected"] and p["flaw"] == "answers something else" for p in pairs)
    mixed = misses.pairs([say(n, "even" if n % 2 == 0 else "odd") for n in range(20)], 1)
    assert all((int(p["chosen"][0]["content"][:-1]) - int(p["rejected"][0]["content"][:-1])) % 2 == 0 for p in mixed), "on one topic"


def test_of_lessons_that_were_made_of_a_text_any_other_answer_is_wrong_so_the_most_similar_questions_is_taken():
    rows = [
        talk(f"Please go on: the {name} grew by the river and the {name}", f"{name[::-1]} came, and {name[1:]}.", topic="go on")
        for name in NAMES * 3
    ]
    rows += [talk(f"Please go on: a ship with {name} on board, a ship", "sank.", topic="sea") for name in NAMES]
    pairs = misses.pairs(rows, 1, certain=True)
    assert len(pairs) > 25 and all(p["chosen"] != p["rejected"] and p["flaw"] == "answers a similar question" for p in pairs)
    assert all("sank" not in p["rejected"][0]["content"] for p in pairs if "grew" in p["prompt"][0]["content"]), "on the same topic"


def test_what_is_not_to_be_learnt_is_not_preferred():
    rows = [talk(f"What does the {name} lamp cost?", f"The {name} lamp costs {10 + n} dollars.") for n, name in enumerate(NAMES * 3)]
    for row in rows[:10]:
        row["messages"][-1]["weight"] = 0
    assert all(p["chosen"][0].get("weight", 1) for p in misses.pairs(rows, 1) if p["flaw"] == "answers a similar question")


def test_free_answers_end_the_search_and_the_quick_look_loses_none(monkeypatch):
    """Whether an answer can have the form at all is looked at before it is compared word by word."""
    rng = random.Random(1)
    words = [f"{a}{b}" for a in "brt klm snd wpf".split() for b in "aeiou ou ea ia".split()]
    free = [talk(f"Tell me of {' '.join(rng.sample(words, 3))}?", " ".join(rng.sample(words, 14)) + ".") for _ in range(60)]
    facts = [talk(f"What does the {name} lamp cost?", f"The {name} lamp costs {10 + n} dollars.") for n, name in enumerate(NAMES)]
    for rows in (free, facts, free + facts):
        find = misses.Finder(rows)
        quick = [find.near(n) for n in range(len(rows))]
        monkeypatch.setattr(misses, "SHORT", 1000)  # nobody looks quickly; and no answer here is as short as a label
        slow = [find.near(n) for n in range(len(rows))] if rows is free else quick
        monkeypatch.undo()
        assert rows is free or quick == slow
    tried = []
    monkeypatch.setattr(misses, "PATIENCE", 20)
    monkeypatch.setattr(misses.Finder, "near", lambda self, n: tried.append(n))
    misses.pairs(free, 1)
    assert len(tried) == 20
