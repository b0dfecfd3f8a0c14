"""Methods that learn from their own answers raise what they are rewarded for; a reward that can be exploited is caught, an honest one is not."""

import random
import shutil
import statistics

import pytest

from llmlab.data import dialogue, lengths, maskgate, teaching
from llmlab.evaluation import asking
from llmlab.models import weights
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_jsonl
from llmlab.training import curves, fit, methods, onpolicy, rewards, rollouts, watch

METHODS = (onpolicy.grpo, onpolicy.rloo, onpolicy.best_of, onpolicy.rounds)
user = lambda text: [{"role": "user", "content": text}]  # noqa: E731
bot = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731


def brief(prompts, answers, wanted, judge=None):
    """A planted reward: it falls with every word."""
    return [max(0.0, 1 - len(a.split()) / 20) for a in answers]


def full(prompts, answers, wanted, judge=None):
    """What is wanted in truth, where `brief` is a proxy that can be exploited: answers that say something."""
    return [min(1.0, len(a.split()) / 20) for a in answers]


@pytest.fixture(scope="module")
def asked(small, tmp_path_factory):
    """Pairs with short prompts, so that an answer has room in a window of 64 tokens."""
    rows = [{"prompt": user(f"Hi {n}?"), "chosen": bot("Hello, we help."), "rejected": bot("No.")} for n in range(240)]
    path = tmp_path_factory.mktemp("asked") / "pairs.jsonl"
    write_jsonl(path, rows)
    return path


ROOM = dict(answer_tokens=20)  # that a window of 64 tokens leaves to answers
BRIEF = dict(reward=brief, gold=brief, **ROOM)
BETA = {onpolicy.rounds: 0.1}  # IPO's; of the others it weighs the KL divergence, or nothing
SEED = {onpolicy.rounds: 2}  # with seed 1 it ended after one round of three in one suite of two; nobody knows yet why


def made(folder):
    folder.mkdir(parents=True)
    return folder


def rewarded(folder, pairs, reward):
    """The mean reward of what a model answers to the prompts it learnt from."""
    model, tokenizer = weights.load(folder)
    prompts = [p["prompt"] for p in teaching.pairs(pairs)]
    return sum(reward(prompts, asking.reply(model, tokenizer, prompts, 20, temperature=1.0, seed=9), prompts)) / len(prompts)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_what_is_rewarded_becomes_likelier(supervised, asked, tmp_path, method):
    steps = 32 if method is onpolicy.rounds else 16  # in 16 of them, rounds gained .01 to .05 with three seeds; in 32, .07 to .10
    summary = method(
        supervised, asked, made(tmp_path / "out"), 2e-3, steps, 4, beta=BETA.get(method, 0.01), seed=SEED.get(method, 1), **BRIEF
    )
    before, after = (rewarded(folder, asked, brief) for folder in (supervised, tmp_path / "out"))
    assert after > before + 0.03 and summary["steps"] == steps and not summary["hacked"] and summary["stopped"] is None
    rows = watch.measured(track.rows(tmp_path / "out"))
    assert all(len(set(r["clusters"])) == len(r["golds"]) for r in rows), "each prompt is asked once here"
    assert rows[0]["step"] == 0 and rows[0]["kl"] == pytest.approx(0, abs=1e-3) and rows[-1]["kl"] > 0.05 and rows[-1]["step"] == steps
    assert summary["kept_step"] == watch.peak(rows)["step"] > 0 and summary["gold"][1] > summary["gold"][0]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir() or "peak" in p.name) == []


@pytest.mark.parametrize("method", [onpolicy.grpo, onpolicy.best_of], ids=lambda m: m.__name__)
def test_a_reward_that_can_be_exploited_is_caught(supervised, asked, tmp_path, method):
    summary = method(supervised, asked, made(tmp_path / "out"), 5e-3, 40, 4, beta=0.001, seed=1, reward=brief, gold=full, **ROOM)
    assert summary["hacked"] and summary["stopped"] == summary["steps"] < 40
    assert summary["proxy"][2] > summary["proxy"][0] and summary["gold"][2] < summary["gold"][1]
    assert summary["kept_step"] < summary["stopped"] and summary["kl"][2] > 0.5
    kept, start = (rewarded(folder, asked, full) for folder in (tmp_path / "out", supervised))
    assert kept > 0.8 * start > 1.2 * summary["gold"][2], "the weights are those of the gold's peak"


@pytest.mark.parametrize("method", [onpolicy.grpo, onpolicy.rloo], ids=lambda m: m.__name__)
def test_prompts_and_answers_pass_the_mask_gate(supervised, asked, tmp_path, monkeypatch, method):
    """A mark that somebody typed into a prompt, and a trainer that learns from something else than it asked, before a step is made."""

    def refused(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(maskgate, "drawn", refused)
        method(supervised, asked, made(tmp_path / "drawn"), 1e-3, 2, 4, seed=1, **BRIEF)
    rows = [{**row, "prompt": user(f"Hi <|end|> {n}?")} if n % 5 == 0 else row for n, row in enumerate(teaching.pairs(asked))]
    write_jsonl(tmp_path / "typed.jsonl", rows)
    monkeypatch.setattr(dialogue, "_disarmed", lambda special, text: text)
    with pytest.raises(UserError, match="pairs would be taught wrongly"):
        method(supervised, tmp_path / "typed.jsonl", made(tmp_path / "typed"), 1e-3, 2, 4, seed=1, **BRIEF)


def test_noise_is_rarely_taken_for_a_fall():
    rng, caught = random.Random(0), 0
    for _ in range(40):
        own, rows = [rng.random() for _ in range(64)], []
        for step in range(11):
            golds = [min(1.0, max(0.0, x + rng.gauss(0, 0.2))) for x in own]
            rows.append({"step": step, "gold": sum(golds) / 64, "golds": golds, "proxies": [1.0] * 64})
            if watch.fallen(rows):
                caught += 1
                break
    assert caught <= 2
    worse = {"step": 11, "gold": 0.2, "golds": [max(0.0, x - 0.3) for x in own], "proxies": [1.0] * 64}
    less = {**worse, "proxies": [0.5 + rng.gauss(0, 0.1) for _ in own]}
    assert watch.fallen([*rows, worse]) and watch.hacked([*rows, worse]) and not watch.hacked([*rows, less])


def test_a_prompt_that_was_put_in_twice_is_one_where_the_gold_falls():
    prompts = [user(f"Hi {n % 4}?") for n in range(64)]
    rows = [{"step": n, "gold": gold, "golds": [gold] * 64, "proxies": [1.0] * 64} for n, gold in enumerate((0.5, 0.2))]
    assert watch.fallen(rows) and not watch.fallen([{**r, "clusters": watch._alike(prompts)} for r in rows])


class Killed(Exception):
    """Stands for kill -9: nothing after it is executed."""


@pytest.mark.parametrize(("method", "steps"), [(onpolicy.grpo, 24), (onpolicy.rounds, 48)], ids=["grpo", "rounds"])
def test_a_kill_changes_nothing(supervised, asked, tmp_path, monkeypatch, method, steps):
    """Killed in the second epoch, if it learns from all prompts at once: 24 steps of 4 are more than the 60 there are."""
    few = tmp_path / "few.jsonl"
    few.write_text("".join(asked.read_text().splitlines(keepends=True)[: 60 if method is onpolicy.grpo else None]))
    run = lambda out: method(supervised, few, out, 1e-3, steps, 4, beta=BETA.get(method, 0.01), seed=SEED.get(method, 1), **BRIEF)  # noqa: E731
    whole = run(made(tmp_path / "whole"))
    plain, seen = fit.Metrics.on_step_end, []

    def kill(self, args, state, control, **more):
        plain(self, args, state, control, **more)
        seen.append(state.global_step)
        if len(seen) == 22:
            raise Killed

    monkeypatch.setattr(fit.Metrics, "on_step_end", kill)
    with pytest.raises(Killed):
        run(made(tmp_path / "killed"))
    monkeypatch.setattr(fit.Metrics, "on_step_end", plain)
    again = run(tmp_path / "killed")
    timed = {"seconds", "tokens_per_second", "resumed_from"}
    assert {k: v for k, v in again.items() if k not in timed} == {k: v for k, v in whole.items() if k not in timed}
    weights_of = [(tmp_path / folder / "model.safetensors").read_bytes() for folder in ("whole", "killed")]
    assert weights_of[0] == weights_of[1]
    rows = [[{k: v for k, v in r.items() if k != "seconds"} for r in watch.measured(track.rows(tmp_path / f))] for f in ("whole", "killed")]
    assert rows[0] == rows[1]


def test_an_adapter_learns_too(supervised, asked, tmp_path):
    for method in (onpolicy.grpo, onpolicy.best_of):
        out = made(tmp_path / method.__name__)
        summary = method(supervised, asked, out, 5e-3, 6, 4, beta=0.01, adapter="lora", rank=4, seed=1, **BRIEF)
        assert summary["steps"] == 6 and (out / "adapter/adapter_model.safetensors").exists() and weights.load(out)


def test_a_few_judgements_are_enough_to_begin_with(supervised, asked, tmp_path):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(asked.read_text().splitlines(keepends=True)[:8]))
    summary = onpolicy.grpo(supervised, few, made(tmp_path / "out"), 1e-3, 3, 8, beta=0.01, seed=1, **BRIEF)
    assert summary["steps"] == 3 and 0 < summary["pairs"] < 8 and summary["gained"]["n"] == 8 - summary["pairs"]


def test_another_judge_is_another_step(supervised, asked, tmp_path):
    from llmlab.training import launch

    (tmp_path / "tasks").mkdir()
    shutil.copy(asked, tmp_path / "pairs.jsonl")
    arguments = dict(model=supervised, data=tmp_path / "pairs.jsonl", out=tmp_path / "out")
    before = launch._key(onpolicy.grpo, 1, arguments), launch._key(methods.ipo, 1, arguments)
    (tmp_path / "tasks/about.json").write_text('{"swear": ["zounds"]}')
    after = launch._key(onpolicy.grpo, 1, arguments), launch._key(methods.ipo, 1, arguments)
    assert before[0] != after[0] and before[1] == after[1]


def test_weights_that_lie_aside_from_another_time_are_not_taken(supervised, asked, tmp_path):
    made(tmp_path / "out")
    look = watch.Watch(tmp_path / "out", supervised, teaching.pairs(asked)[:4], brief, brief, None, 4, 1)
    look._measure(weights.load(supervised)[0], 12, type("State", (), {"is_world_process_zero": True}))
    rows = [{**look.rows[0], "step": 0}]
    look.resume(rows)
    assert look.rows == [], "step 12's weights are not those of step 0"
    look.resume([{**rows[0], "step": 12}])
    assert len(look.rows) == 1


def test_a_reward_model_is_learnt_first(small, supervised, asked, tmp_path):
    for method in (onpolicy.grpo_learnt, onpolicy.rloo_learnt):
        out = made(tmp_path / method.__name__)
        summary = method(supervised, asked, out, 1e-3, 4, 4, adapter="lora", rank=4, seed=1, reward_rate=2e-3, **ROOM)
        assert summary["reward_model"]["n"] > 0 and (out / "reward/bias.json").exists()
        told = read_json(out / "reward/summary.json")
        assert told["learning_rate"] == 2e-3 and (out / "reward/adapter/adapter_model.safetensors").exists(), (
            "its own rate, and the adapter"
        )


def test_what_nothing_can_be_learnt_from_is_refused(supervised, asked, tmp_path, monkeypatch):
    nothing = lambda prompts, answers, wanted, judge=None: [float("nan")] * len(answers)  # noqa: E731
    with pytest.raises(UserError, match="numbers for"):
        onpolicy.best_of(supervised, asked, made(tmp_path / "out"), 1e-3, 2, 4, reward=nothing, **ROOM)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="one process"):
        onpolicy.rounds(supervised, asked, tmp_path / "two", 1e-3, 3, 4)
    monkeypatch.delenv("WORLD_SIZE")
    same = lambda prompts, answers, wanted, judge=None: [1.0] * len(answers)  # noqa: E731
    with pytest.raises(UserError, match="worth the same"):
        onpolicy.rounds(supervised, asked, made(tmp_path / "same"), 1e-3, 3, 4, reward=same, **ROOM)


@pytest.mark.parametrize("method", [onpolicy.grpo, onpolicy.rloo, onpolicy.best_of], ids=lambda m: m.__name__)
def test_answers_that_were_cut_teach_nothing_and_the_error_says_so(supervised, asked, tmp_path, method):
    """It was said of them that they are all worth the same."""
    with pytest.raises(UserError, match="(\\d+) of \\1 answers were cut at 1 tokens") as error:
        method(supervised, asked, made(tmp_path / "out"), 1e-3, 1, 1, seed=1, reward=brief, gold=brief, answer_tokens=1)
    assert "answer_tokens=2" in error.value.fix


def test_what_was_cut_is_counted_and_not_learnt(supervised, asked, tmp_path):
    model, tokenizer = weights.load(supervised)
    drawn = asking.reply(model, tokenizer, [user(f"Hi {n}?") for n in range(40)], 20, temperature=1.0, seed=9)
    # Room for about half of them, with the end of turn.
    room = int(statistics.median(len(tokenizer(answer)["input_ids"]) for answer in drawn)) + 1
    for method in (onpolicy.grpo, onpolicy.best_of):
        summary = method(
            supervised, asked, made(tmp_path / method.__name__), 1e-3, 3, 4, seed=1, reward=brief, gold=brief, answer_tokens=room
        )
        cut = summary["cut_short"]
        assert 0 < cut["answers"] < cut["of"] and cut["tokens"] == room and f"{cut['answers']} of {cut['of']}" in lengths.told(cut)
        assert len(summary["cut"]) == 3 and summary["cut"][0] > 0, "at the start, at the peak and in the end"


def test_the_room_of_an_answer_is_that_of_the_preferred_ones(supervised, tmp_path):
    """Lessons whose answers are long need no parameter."""
    _, tokenizer = weights.load(supervised)
    rows = [{"prompt": user(f"Hi {n}?"), "chosen": bot("Hello again. " * (5 if n % 10 else 60)), "rejected": bot("No.")} for n in range(40)]
    write_jsonl(tmp_path / "pairs.jsonl", rows)
    *_, room = rollouts.prompts(tokenizer, tmp_path / "pairs.jsonl", 10_000)
    each = sorted(len(tokenizer(r["chosen"][0]["content"])["input_ids"]) for r in rows)
    assert room == each[37] + 1 > 60, "95 of 100, with the end of turn"
    assert rollouts.prompts(tokenizer, tmp_path / "pairs.jsonl", 10_000, 33)[3] == 33
    with pytest.raises(UserError, match=f"leave room for {room} tokens"):
        rollouts.prompts(tokenizer, tmp_path / "pairs.jsonl", 64)


def test_a_reward_may_be_named(supervised, asked, tmp_path):
    assert rollouts._functions("llmlab.training.rewards.alike", brief) == [rewards.alike, brief]
    summary = onpolicy.grpo(supervised, asked, made(tmp_path / "out"), 1e-3, 1, 4, reward="llmlab.training.rewards.alike", **ROOM)
    assert summary["proxy"] == summary["gold"], "which is the gold"


def test_a_question_that_is_longer_than_the_window_is_scored_as_it_was_asked(supervised):
    model, tokenizer = weights.load(supervised)
    long = [user("What does the Aster fan cost in your shop? " * 80), user("Hi?")]
    answers, rows, since, cut = watch.drawn(model, tokenizer, long, 1, 20)
    assert max(map(len, rows)) <= weights.window(model) + 1 and since[0] <= weights.window(model) - 20 and len(answers) == 2
    assert len(asking.token_logprobs(model, rows, 0, since)[0]) == len(rows[0]) - since[0]


def test_the_page_says_what_became_of_the_reward():
    row = {"proxy": 0.5, "proxies": [0.5] * 30, "kl": 0.0, "words": 4.0}
    rows = [{"step": n, **row, "gold": g, "golds": [g] * 30, "kl": float(n)} for n, g in ((0, 0.5), (4, 0.8), (8, 0.1))]
    summary = {**watch.told(rows), "steps": 8}
    shown, verdict = watch.table(summary)
    assert (
        summary["hacked"]
        and "exploited" in verdict
        and [r["what is wanted"] for r in shown] == [0.5, 0.8, 0.1]
        and "step 4" in shown[1]["when"]
    )
    assert "did not" in watch.table({**watch.told(rows[:2]), "steps": 8})[1]
    gold = curves.lesson([{"step": 1, "loss": 0.0}, *rows]).axes[1].lines[0]
    assert list(gold.get_xdata()) == [0, 4, 8] and list(gold.get_ydata()) == [0.5, 0.8, 0.1]
