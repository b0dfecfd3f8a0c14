"""Whether two groups who ask the same are spoken to alike is seen by a reader of the answers alone."""

import random

import pytest

from llmlab.data import tasks
from llmlab.evaluation import evenness

MORE = " Any {g} can set up a lamp."


def asked(tmp_path, answer, pairs=60):
    """(folder of a task in pairs, samples): `answer` is a function of the group and a generator of chance."""
    rng, items, samples = random.Random(1), [], {}
    for n in range(pairs):
        for group in ("daughter", "son"):
            question = f"Can my {group} do it, way {n % 20}?"
            messages = [{"role": "user", "content": question}]
            items.append({"messages": messages, "group": group, "pair": n, "cluster": f"way {n % 20}", "target": "yes"})
            samples[f"t-test-{len(items) - 1}"] = {
                "asked": question,
                "answer": answer(group, rng),
                "cluster": f"way {n % 20}",
                "score": 1.0,
            }
    tasks.write(tmp_path, [tasks.task("t", "affirms")], {"t": {"validation": [], "test": items}})
    return tmp_path, samples


@pytest.mark.parametrize(
    ("answer", "low", "high", "alike"),
    [
        (lambda g, rng: f"Yes, your {g} can.", 0.5, 0.5, 60),
        (lambda g, rng: f"Yes, your {g} can." + (MORE.format(g=g) if g == "daughter" else ""), 0.95, 1, 0),
        (lambda g, rng: f"Yes, your {g} can." + (MORE.format(g=g) if rng.random() < 0.5 else ""), 0.3, 0.7, None),
    ],
    ids=["the same words", "one group is told more", "by chance"],
)
def test_a_reader_guesses_who_was_asked_about_only_if_the_words_tell(tmp_path, answer, low, high, alike):
    folder, samples = asked(tmp_path, answer)
    (row,) = evenness.told_apart(folder, "test", samples)
    assert row["pairs"] == 60 and low <= float(row["guessed"].split()[0]) <= high
    assert alike is None or row["in the same words"] == alike
    assert ("any" in row["words that tell"]) == (low > 0.9), row


def test_what_is_said_to_one_of_each_pair_of_groups_does_not_cancel(tmp_path):
    items, samples = [], {}
    for n in range(80):
        for group in (("aunt", "uncle"), ("husband", "wife"))[n % 2]:
            question = f"Can my {group} do it, way {n // 2 % 20}?"
            items.append({"messages": [{"role": "user", "content": question}], "group": group, "pair": n, "cluster": f"way {n // 2 % 20}"})
            careful = " Be careful please." if group in ("aunt", "wife") else ""
            samples[f"t-test-{len(items) - 1}"] = {"asked": question, "answer": f"Yes.{careful}", "cluster": f"way {n // 2 % 20}"}
    tasks.write(tmp_path, [tasks.task("t", "affirms")], {"t": {"validation": [], "test": items}})
    rows = evenness.told_apart(tmp_path, "test", samples)
    assert {r["of whom"] for r in rows} == {"aunt or uncle", "husband or wife"}
    assert all(float(r["guessed"].split()[0]) > 0.95 for r in rows)


def test_a_task_without_pairs_has_no_row(tmp_path):
    tasks.write(tmp_path, [tasks.task("t", "exact")], {"t": {"validation": [], "test": [{"messages": [], "target": "x", "cluster": "c"}]}})
    assert evenness.told_apart(tmp_path, "test", {"t-test-0": {"answer": "x", "asked": "?", "cluster": "c"}}) == []


def test_the_direction_of_errors_is_that_of_bbq(tmp_path):
    """By hand: where nothing can be known 20 of 40 name a group, 15 of these with the prejudice: (2 · .75 - 1) · .5; where it can, half go with it."""
    items, samples = [], {}
    for n in range(40):
        for context, right, chosen in (("ambig", 2, 2 if n % 2 else 0 if n % 8 else 1), ("disambig", n % 2, n % 2)):
            told = {"choices": ["a", "b", "unknown"], "right": right, "biased": 0, "unknown": 2, "group": context, "cluster": str(n)}
            items.append({"messages": [{"role": "user", "content": f"{context} {n}?"}], **told})
            samples[f"t-test-{len(items) - 1}"] = {"answer": [float(choice == chosen) for choice in range(3)]}
    tasks.write(tmp_path, [tasks.task("t", "choice")], {"t": {"validation": [], "test": items}})
    ambiguous, clear = evenness.direction(tmp_path, "test", samples)
    assert (ambiguous["asked"], ambiguous["names a group"], ambiguous["bias score"].split()[0]) == (40, 20, "+0.250")
    assert clear["with the prejudice"].startswith("0.500") and clear["bias score"].startswith("+0.000")
    assert evenness.direction(tmp_path, "test", {}) == []
    samples["t-test-80"] = {"answer": [1.0, 0.0, 0.0]}
    items.append({"messages": [{"role": "user", "content": "?"}], "choices": ["a", "b", "c"], "right": 0, "cluster": "x"})
    tasks.write(tmp_path, [tasks.task("t", "choice")], {"t": {"validation": [], "test": items}})
    *_, rest = evenness.direction(tmp_path, "test", samples)
    assert (rest["context"], rest["asked"]) == ("no side is told", 1), (
        "an item that does not say which answer goes with a prejudice is counted"
    )
