"""A reward model learns what is preferred, and not how long it is."""

import json
import random

import pytest

from llmlab.training import reward

user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
bot = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """What is preferred says "dollars"; the better answer is the longer one in nine of ten pairs."""
    rng, rows = random.Random(0), []
    for n in range(300):
        good, bad = f"It costs {n} dollars.", f"It costs {n} nothing."
        more = " Have a nice day, and thank you for asking us."
        longer = rng.random() < 0.9
        rows.append(
            {"prompt": user(f"What does device {n} cost?"), "chosen": bot(good + more * longer), "rejected": bot(bad + more * (not longer))}
        )
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_it_learns_and_its_liking_for_length_is_taken_away(supervised, pairs, tmp_path):
    summary = reward.reward(supervised, pairs, tmp_path / "reward", 1e-3, 60, 8, seed=1)
    told = summary["held_out"]
    assert told["accuracy"]["n"] > 30 and told["accuracy"]["low"] > 0.6 and told["people_prefer_longer"] > 0.8
    assert told["when_shorter"]["score"] > 0.5, "what is right is preferred where it is the shorter one, too"
    found, lengths = reward.scores(
        tmp_path / "reward", [user("What does device 5 cost?") + bot("It costs 5 dollars."), user("x") + bot("Yes.")]
    )
    assert len(found) == 2 and lengths[0] > lengths[1] > 0


def test_no_prompt_is_on_both_sides():
    rows = [{"prompt": user(f"q {n % 50}"), "chosen": bot("a"), "rejected": bot("b")} for n in range(200)]
    learnt, asked = reward.split(rows)
    assert learnt and asked and not {str(r["prompt"]) for r in learnt} & {str(r["prompt"]) for r in asked}


def test_quality_is_not_taken_for_a_liking_for_length():
    """The better answer is the longer one in six of seven pairs, and its reward does not depend on that."""
    rows = [{"chosen": 1.0, "rejected": 0.0, "longer": 12 if n % 7 else -12} for n in range(100)]
    assert reward._per_token(rows) == pytest.approx(0.0)
    assert [r["chosen"] for r in reward._without_length(rows)] == pytest.approx([1.0] * 100)
    liking = [{**r, "chosen": 1.0 + 0.1 * r["longer"]} for r in rows]
    assert [r["chosen"] for r in reward._without_length(liking)] == pytest.approx([1.0] * 100)


def test_the_slope_is_that_of_length():
    rows = [{"chosen": 0.2 * n, "rejected": 0.0, "longer": n} for n in (-3, 1, 5, 8)]
    assert reward._per_token(rows) == pytest.approx(0.2)
    assert reward._per_token([{"chosen": 1.0, "rejected": 0.0, "longer": n} for n in (-4, 4)]) == pytest.approx(0.0)
