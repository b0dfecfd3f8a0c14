"""What the methods that learn from their own answers share: which prompts are asked, TRL's trainers on them, and rounds of drawing and learning.

A kill loses at most the steps since a checkpoint, the answers that were being drawn, or of rounds that were done all but the last copy: all random numbers come
from the seed, and what a round drew is in a file.
"""

import inspect
import math
import os
import random
import shutil
import time
from pathlib import Path

import torch

from llmlab.data import dialogue, lengths, maskgate, teaching, tokens
from llmlab.evaluation import asking
from llmlab.models import weights
from llmlab.spine import dotted, track
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json, write_jsonl
from llmlab.training import adapters, comparing, fit, optim, reward, rewards, watch

DRAWN = "drawn.jsonl"
CLIPPED = "completions/clipped_ratio"  # TRL's name for the share of answers that were cut


def prompts(tokenizer, data, limit, room=0):
    """(pairs whose prompts are answered, pairs to measure on, {reason: how many are in neither}, tokens that an answer may have); what is measured on is what a
    reward model is asked about. `room`: as `lengths.room` takes it, of the preferred answers."""
    pairs, alone = teaching.compared(data)
    dialogue.check(tokenizer, [pair["prompt"] + pair["chosen"] for pair in pairs])
    held, left_out = teaching.held_pairs(tokenizer, pairs, math.inf, "pairs")
    room = lengths.room(tokenizer, lengths.said(pairs), room)
    fit_in = [pair for pair, ids in held if len(ids["prompt_ids"]) + room <= limit]
    learnt, asked = reward.split(fit_in)
    if not learnt or not asked:
        raise UserError(
            f"{len(fit_in)} pairs whose prompts leave room for {room} tokens in a window of {limit}",
            "enough to keep some apart, to measure on",
            "more preferences, a longer context_length, or: llmlab run RUN -p answer_tokens=20",
        )
    return learnt, asked, {**alone, **left_out, **teaching.unfit(0, len(held) - len(fit_in), limit)}, room


def policy(
    Trainer, Config, how, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, room, reward, gold, draws
):  # fmt: skip
    """The step of a policy-gradient method of TRL: each step draws so many answers to each of `batch_size` prompts, and learns from them once; what is cut before
    its end is not learnt from.

    Args:
        Trainer, Config: of TRL; how: what the config says beside what all steps share.
        room: tokens of an answer; reward, gold: see `rewards`, or the dotted path of one; what is optimised, and what is only measured.
    """
    from datasets import Dataset

    alone()
    start, tokenizer = weights.load(model)
    pairs, asked, left_out, room = prompts(tokenizer, data, weights.window(start), room)
    batch_size, (reward, gold) = min(batch_size, len(pairs)), _functions(reward, gold)  # TRL leaves a batch out that is not full
    judge, inside = rewards.judging(data), adapters.place(adapter, out)
    _, usual = optim.suited("preference", adapter, sum(p.numel() for p in start.parameters()))
    start.generation_config.eos_token_id = list(tokens.marks(tokenizer).stops)
    ids = [dialogue.ids(tokenizer, pair["prompt"], answer=True)[0] for pair in pairs]
    count, longest = batch_size * draws, [{"input_ids": row + [0] * room} for row in ids]
    how |= dict(num_generations=draws, max_completion_length=room, mask_truncated_completions=True, weight_decay=0.0)
    arguments = fit.arguments(inside, seed, max_steps, count, learning_rate or usual, device, fitting=(start, longest), **how)

    class Drawing(Trainer):
        """TRL's, on prompts that are tokens already: its own rendering knows nothing of what stands beside a question here."""

        def _tokenize_prompts(self, prompts):
            return [ids[int(p)] for p in prompts], None, {}

        def _generate_and_score_completions(self, inputs):
            batch = super()._generate_and_score_completions(inputs)
            if not self.state.global_step:
                maskgate.drawn([ids[int(row["prompt"])] for row in inputs], batch, tokens.marks(tokenizer).stops)
                some_whole(int((~batch["completion_mask"].bool().any(1)).sum()), len(batch["completion_mask"]), room)
            return batch

        def _get_train_sampler(self, dataset=None):
            return Epochs(super()._get_train_sampler(dataset), seed)

    def rewarded(prompts, completions, **_):
        return worth(reward, [pairs[int(p)] for p in prompts], [c.strip() for c in completions], judge)

    trainer = Drawing(
        model=start,
        reward_funcs=rewarded,
        args=fit.one_device(Config(**arguments)),
        train_dataset=Dataset.from_list([{"prompt": str(n)} for n in range(len(pairs))]),
        processing_class=tokenizer,
        peft_config=adapters.config(adapter, rank, start, tokenizer),
    )
    fit.head_where_needed(trainer.model)
    watched = watch.Watch(inside, model, asked, reward, gold, judge, watch.interval(max_steps), seed, device, room)
    summary = fit.fit(trainer, inside, "learning from its own answers", "preference_learning_rate", watched)
    if not summary:
        return {}
    adapters.merge(adapter, trainer.model, tokenizer, out)
    counted = {"pairs": len(pairs), "left_out": {**left_out, "kept apart to measure on": len(asked)}}
    shares, drew = [row[CLIPPED] for row in track.rows(out) if CLIPPED in row], summary["steps"] * count
    counted["cut_short"] = lengths.cut(round(drew * sum(shares) / max(1, len(shares))), drew, room)
    gained = watch.confirmed(model, out, asked, gold, judge, seed, device, room)
    return {**summary, "learning_rate": learning_rate or usual, **counted, **watch.told(watched.rows), "gained": gained}


def _functions(*named):
    """Rewards as functions; one may be named by its dotted path."""
    return [dotted.function(one) if isinstance(one, str) else one for one in named]


def some_whole(cut, of, room):
    """Refuses to learn where no answer came to its end."""
    if cut and cut == of:
        raise UserError(
            f"{of} of {of} answers were cut at {room} tokens, and of half an answer nothing is learnt",
            "a model whose answers end, or room for them",
            f"llmlab run RUN -p answer_tokens={2 * room}",
        )


class Epochs(torch.utils.data.Sampler):
    """TRL's sampler, in an order that depends on seed and epoch alone: its own begins the first order again after an interruption."""

    def __init__(self, sampler, seed):
        self.sampler, self.seed, self.epoch = sampler, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return len(self.sampler)

    def __iter__(self):
        self.sampler.generator.manual_seed(self.seed + 1_000_003 * self.epoch)
        return iter(self.sampler)


def worth(reward, pairs, answers, judge):
    """What a reward gives to an answer to each of the pairs' prompts: one finite number each, or a UserError, since TRL would pass over others in silence."""
    found = [float(x) for x in reward([p["prompt"] for p in pairs], answers, [p["chosen"][0]["content"] for p in pairs], judge)]
    if len(found) != len(answers) or not all(map(math.isfinite, found)):
        name = getattr(reward, "__name__", "the reward")
        raise UserError(
            f"{name} gave {len(found)} numbers for {len(answers)} answers, or some that are none",
            "a finite number per answer",
            f"$EDITOR {inspect.getsourcefile(reward) or name}",
        )
    return found


def rounds(
    times, loss, referred, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, room, reward, gold, draws
):  # fmt: skip
    """Draws answers, pairs the best of each prompt with the worst, learns from the pairs; and so again from the model that this made. The judgements of each round
    are the reward's: people's are asked for by `llmlab annotate`, and are taken up by a run that begins from this one.

    Args:
        times: rounds, which share `max_steps`; loss, referred: as `comparing.learn` takes them.
        room, reward, gold: as in `policy`; draws: answers to each prompt.
    """
    alone()
    out, here, judge, done, how = Path(out), Path(model), rewards.judging(data), [], (adapter, rank, seed, device)
    (start, tokenizer), (reward, gold) = weights.load(model), _functions(reward, gold)
    pairs, asked, left_out, room = prompts(tokenizer, data, weights.window(start), room)
    look = lambda inside: watch.Watch(inside, model, asked, reward, gold, judge, watch.interval(max_steps), seed, device, room)  # noqa: E731
    times = min(times, max_steps)
    for n in range(times):
        place, steps = out / f"round-{n + 1}", max_steps * (n + 1) // times - max_steps * n // times
        if not (place / "round.json").exists():
            drew = _drawn(here, pairs, made(place), steps * batch_size, draws, room, reward, judge, seed + 1009 * n, device)
            if not drew["pairs"] and done:  # what is left to learn cannot be told apart by this reward
                shutil.rmtree(place)
                break
            _some(drew, room, reward)
            what = f"learning from its own answers, round {n + 1} of {times}"
            summary = comparing.learn(loss, referred, here, place / DRAWN, place, learning_rate, steps, batch_size, *how, what, look)
            fell = watch.fallen(watch.measured(track.rows(place)))
            write_json(place / "round.json", {**summary, "seconds": summary["seconds"] + drew["seconds"], "drew": drew, "ended": fell})
        done.append(read_json(place / "round.json"))
        if done[-1]["ended"]:
            break
        here = place
    cut, of = (sum(one["drew"][key] for one in done) for key in ("cut", "answers"))
    counted = {
        "pairs": len(pairs),
        "left_out": {**left_out, "kept apart to measure on": len(asked)},
        "cut_short": lengths.cut(cut, of, room),
    }
    return {**_joined(done, out), **counted, "gained": watch.confirmed(model, out, asked, gold, judge, seed, device, room)}


def alone():
    """Refuses several processes, which would draw the same answers twice into the same files."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("rounds of drawing, or a reward model, on several processes", "one process", "llmlab run RUN -p devices=1")


def made(folder):
    """A folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _some(drew, room, reward):
    """Refuses answers from which nothing can be learnt: all of them cut, or worth the same to the reward."""
    some_whole(drew["cut"], drew["answers"], room)
    if not drew["pairs"]:
        cut = lengths.told(lengths.cut(drew["cut"], drew["answers"], room))
        raise UserError(
            f"all whole answers to a prompt are worth the same to {getattr(reward, '__name__', 'the reward')}" + f"; {cut}" * bool(cut),
            "a reward that tells them apart" + ", or room for whole answers: -p answer_tokens=N" * bool(cut),
            "llmlab run RUN -p preference=llmlab.training.posttrain.dpo",
        )


def _drawn(model, pairs, place, count, draws, room, reward, judge, seed, device):
    """Writes pairs of the best and the worst answer to `count` prompts, unless they are there; returns {"pairs": how many there are, "seconds": that it took,
    "answers": that were drawn, "cut": of them}.

    What was cut before its end is no answer: whoever learnt from it would learn to stop in the middle.
    """
    if (place / DRAWN).exists():
        return read_json(place / "drawing.json")
    started, (loaded, tokenizer) = time.time(), weights.load(model, device)
    some = random.Random(seed).sample(pairs, min(count, len(pairs)))
    each = [pair for pair in some for _ in range(draws)]
    said = asking.answers(loaded, tokenizer, [pair["prompt"] for pair in each], room, temperature=1.0, seed=seed)
    answers = [text if whole else "" for text, whole in said]
    values, found = worth(reward, each, answers, judge), []
    for n, pair in enumerate(some):
        of = sorted(((values[i], answers[i]) for i in range(n * draws, (n + 1) * draws) if answers[i]), key=lambda x: x[0])
        if of and of[-1][0] > of[0][0]:
            both = {side: [{"role": "assistant", "content": text}] for side, (_, text) in (("chosen", of[-1]), ("rejected", of[0]))}
            found.append({"prompt": pair["prompt"], **both})
    drew = {
        "pairs": len(found),
        "seconds": round(time.time() - started, 2),
        "answers": len(said),
        "cut": sum(not whole for _, whole in said),
    }
    write_json(place / "drawing.json", drew)
    write_jsonl(place / DRAWN, found)
    return drew


def _joined(done, out):
    """The last round's model in `out`, its metrics after those of the rounds before, and one summary of all."""
    rows, steps, seconds, last = [], 0, 0.0, out / f"round-{len(done)}"
    for n, summary in enumerate(done):
        of = [r for r in track.rows(out / f"round-{n + 1}") if not (n and r["step"] == 0)]  # what a round begins with was measured before
        rows += [{**r, "step": r["step"] + steps, **({"seconds": r["seconds"] + seconds} if "seconds" in r else {})} for r in of]
        steps, seconds = steps + summary["steps"], seconds + summary["seconds"]
    shutil.copytree(last, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(DRAWN, "drawing.json", "round.json"))
    write_jsonl(out / "metrics.jsonl", rows)
    for place in sorted(out.glob("round-*"), reverse=True):  # the first goes last: what a kill leaves here is made again from it
        (place / "round.json").unlink()
        shutil.rmtree(place)
    told = {"steps": steps, "seconds": round(seconds, 2), "first_loss": done[0]["first_loss"], "drawn": sum(d["pairs"] for d in done)}
    last = {key: value for key, value in done[-1].items() if key not in ("drew", "ended")}
    return {**last, **told, **watch.told(watch.measured(rows))}


def reward_model(model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device):
    """(the reward of a model that is learnt from the pairs, its summary); it stays in the folder `reward` of `out`."""
    alone()
    folder = made(Path(out) / "reward")
    if not (folder / "summary.json").exists():
        summary = reward.reward(model, data, folder, learning_rate, max_steps, batch_size, adapter, rank, seed, device)
        write_json(folder / "summary.json", summary)
    return rewards.learnt(folder), read_json(folder / "summary.json")


def with_reward(summary, taught):
    """The summary of a step with that of its reward model: the seconds of both, and how often it prefers the chosen answer of pairs that were kept apart."""
    return {**summary, "seconds": round(summary["seconds"] + taught["seconds"], 2), "reward_model": taught["held_out"]["accuracy"]}
