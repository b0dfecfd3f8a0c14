"""A reward model learns what is preferred, and not how long it is."""

import json
import random

import pytest

from llmlab.data import dialogue, lookup, teaching
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.training import optim, posttrain, reward

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
    found, facts = reward.scores(
        tmp_path / "reward", [user("What does device 5 cost?") + bot("It costs 5 dollars."), user("x") + bot("Yes.")]
    )
    assert len(found) == 2 and facts[0]["tokens"] > facts[1]["tokens"] > 0 == facts[0]["cut"] and "cut" in told


def test_no_prompt_is_on_both_sides():
    rows = [{"prompt": user(f"q {n % 50}"), "chosen": bot("a"), "rejected": bot("b")} for n in range(200)]
    learnt, asked = reward.split(rows)
    assert learnt and asked and not {str(r["prompt"]) for r in learnt} & {str(r["prompt"]) for r in asked}


def of(chosen, longer=0, formatted=0.0):
    return {"chosen": chosen, "rejected": 0.0, "longer": longer, "formatted": formatted, "cut": False}


def test_quality_is_not_taken_for_a_liking_for_length():
    """The better answer is the longer one in six of seven pairs, and its reward does not depend on that."""
    rows = [of(1.0, 12 if n % 7 else -12) for n in range(100)]
    assert reward.likings(rows)["per_token"] == pytest.approx(0.0)
    assert [r["chosen"] for r in reward._without_likings(rows)] == pytest.approx([1.0] * 100)
    liking = [{**r, "chosen": 1.0 + 0.1 * r["longer"]} for r in rows]
    assert [r["chosen"] for r in reward._without_likings(liking)] == pytest.approx([1.0] * 100)


def test_the_slope_is_that_of_length():
    rows = [of(0.2 * n, n) for n in (-3, 1, 5, 8) * 5]
    assert reward.likings(rows)["per_token"] == pytest.approx(0.2)
    assert reward.likings([of(1.0, n) for n in (-4, 4) * 5])["per_token"] == pytest.approx(0.0)


def test_likings_for_length_and_for_format_are_told_apart_and_taken_away():
    """Long answers are mostly the formatted ones; each is paid for by itself."""
    rng = random.Random(0)
    rows = []
    for _ in range(200):
        longer = rng.randrange(-20, 21)
        formatted = 0.01 * longer + rng.uniform(-0.1, 0.1)
        rows.append(of(0.5 + 0.03 * longer + 6 * formatted, longer, formatted))
    found = reward.likings(rows)
    assert (found["per_token"], found["per_mark"]) == (pytest.approx(0.03), pytest.approx(6.0))
    assert [r["chosen"] for r in reward._without_likings(rows)] == pytest.approx([0.5] * 200)
    pairs = [{"prompt": user(str(n))} for n in range(200)]
    raw, corrected = (reward.judged(pairs, some) for some in (rows, reward._without_likings(rows)))
    assert raw["prefers_format"] > 0.75 > 0.65 > corrected["prefers_format"] == pytest.approx(corrected["people_prefer_format"])
    assert raw["when_less_format"]["score"] < corrected["when_less_format"]["score"] == 1.0


def test_a_liking_that_a_few_pairs_show_is_chance():
    rows = [of(1.0 + 5 * (n < 5), 0, 0.2 * (n < 5)) for n in range(100)]
    assert reward.likings(rows)["per_mark"] == 0.0


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Plain words, no more.", 0),
        ("Nice! Really!!", 2),
        ("# Title\n\n- one\n- two\n1. three", 7),
        ("**Bold** and __bold__, 3 * 4 - 5", 2),
    ],
)
def test_marks_of_format_are_counted(text, marks):
    assert len(reward.FORMAT.findall(text)) == marks and (reward.format_share(text) > 0) == bool(marks)


def test_the_beginning_of_an_answer_is_never_cut(supervised, pairs, tmp_path):
    assert reward._within([1, 2, 3], [4, 5], 4) == [2, 3, 4, 5] and reward._within([1], [4, 5], 9) == [1, 4, 5]
    assert reward._within([1, 2], [4, 5, 6], 3) == [4, 5, 6] and reward._within([1, 2], [4, 5, 6], 2) == [4, 5]
    reward.reward(supervised, pairs, tmp_path / "reward", 1e-3, 2, 8, seed=1)
    long = "It costs 5 dollars. " * 300
    found, facts = reward.scores(tmp_path / "reward", [user(long) + bot("Yes."), user("x") + bot("Yes."), user("x") + bot(long)])
    assert [f["cut"] > 0 for f in facts] == [True, False, True] and facts[2]["tokens"] > 600


def test_no_reward_model_begins_with_a_batch_that_is_cut(supervised, pairs, tmp_path, monkeypatch):
    from trl.trainer import reward_trainer

    put = reward_trainer.DataCollatorForPreference.torch_call
    cut = lambda self, examples: {k: v[:, :-1] for k, v in put(self, examples).items()}  # noqa: E731
    monkeypatch.setattr(reward_trainer.DataCollatorForPreference, "torch_call", cut)
    with pytest.raises(UserError, match="lesson .* of the pairs"):
        reward.reward(supervised, pairs, tmp_path / "reward", 1e-3, 2, 8, seed=1)


def test_the_pairs_that_are_held_out_pass_the_gate_too(supervised, pairs, tmp_path, monkeypatch):
    learnt, asked = reward.split(teaching.pairs(pairs))
    typed = [{**pair, "chosen": bot("It costs <|end|> dollars.")} for pair in asked]
    write_jsonl(tmp_path / "typed.jsonl", learnt + typed)
    monkeypatch.setattr(dialogue, "_disarmed", lambda special, text: text)
    with pytest.raises(UserError, match="pairs held out would be taught wrongly"):
        reward.reward(supervised, tmp_path / "typed.jsonl", tmp_path / "reward", 1e-3, 2, 8, seed=1)


def test_it_reads_what_the_model_reads_that_looks_facts_up(small, pairs, tmp_path):
    """Right and wrong values differ in nothing but what stands beside the question."""
    known = [{"title": f"device {n}", "text": f"device {n}: price {n} dollars."} for n in range(300)]
    write_jsonl(tmp_path / "knowledge.jsonl", known)
    lessons = [{"messages": [*user(f"What does device {n} cost?"), *bot(f"It costs {n} dollars.")]} for n in range(40)]
    write_jsonl(tmp_path / "lessons.jsonl", lessons)
    (tmp_path / "sft").mkdir()
    posttrain.sft(
        small / "model", tmp_path / "lessons.jsonl", tmp_path / "sft", 1e-3, 1, 4, grounding=1, knowledge=tmp_path / "knowledge.jsonl"
    )
    reward.reward(tmp_path / "sft", pairs, tmp_path / "reward", 1e-3, 2, 8, seed=1)
    _, tokenizer, _ = reward.load(tmp_path / "reward")
    before, _ = dialogue.answered(tokenizer, user("What does device 7 cost?") + bot("It costs 7 dollars."))
    assert "price 7 dollars" in tokenizer.decode(before), "when it is asked"
    seen = tmp_path / "reward" / "knowledge.jsonl"
    assert len(jsonl(seen)) == 300, "and it carries the rows with it"
    plain = reward.load(tmp_path / "reward")[1]
    lookup.stock(plain, [], 0)
    assert len(dialogue.answered(plain, user("What does device 7 cost?") + bot("x"))[0]) < len(before)


def test_an_adapter_and_a_rate_of_its_own_reach_it(supervised, pairs, tmp_path):
    """Two millionths, twice what suits a preference method of a large model, moves a new head nowhere."""
    assert min(rate for (stage, *_), (_, rate) in optim.SUITED.items() if stage == "reward") >= 1e-4
    summary = reward.reward(supervised, pairs, tmp_path / "lora", 0.0, 60, 8, adapter="lora", rank=4, seed=1)
    assert summary["learning_rate"] == optim.SUITED["reward", "adapter", False][1] and summary["held_out"]["accuracy"]["low"] > 0.6
    assert (tmp_path / "lora/adapter/adapter_model.safetensors").exists() and (tmp_path / "lora/model.safetensors").exists()
    merged, again = (reward.scores(tmp_path / "lora", [user("What does device 5 cost?") + bot("It costs 5 dollars.")])[0] for _ in range(2))
    assert merged == again, "the trained head is part of what is kept"
