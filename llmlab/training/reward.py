"""A model of what people prefer: a number for an answer, learnt from pairs (Bradley & Terry 1952; the trainer is TRL's), and how far it is to be trusted.

It is judged on pairs that it was not trained on: accuracy against the ceiling that people set, whether it is as right as it is sure, and whether it merely
counts words. What it gives for length alone is measured and taken away.
"""

import hashlib
import json
import math
from collections import Counter
from pathlib import Path

import numpy
import torch

from llmlab.data import dialogue, maskgate, teaching, tokens
from llmlab.evaluation import calibration, stats
from llmlab.models import weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.training import fit, optim

HELD_OUT = 0.2  # share of the prompts whose pairs are asked, and not learnt from
BIAS = "length.json"


def reward(model, data, out, learning_rate=0.0, max_steps=100, batch_size=8, seed=0, device="auto"):
    """Step: trains a reward model from a language model, on pairs.

    Args:
        model: folder of the model to start from, usually the supervised one.
        data: JSON-lines file of pairs with `prompt`, `chosen`, `rejected`.
        learning_rate: 0 for twice the one that suits a preference method of this size.

    Returns: the summary of `fit`, with what `judged` measures on the pairs that were held out.
    """
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    tokenizer, (pairs, alone) = tokens.load(model), teaching.compared(data)
    learnt, asked = split(pairs)
    held, unheld = teaching.held_pairs(tokenizer, asked, math.inf, "pairs held out")
    asked = [pair for pair, _ in held]
    if not learnt or not asked:
        raise UserError(f"{len(pairs)} pairs", "enough for some to be held out", "more judgements: llmlab annotate RUN")
    try:
        start = AutoModelForSequenceClassification.from_pretrained(str(model), num_labels=1, trust_remote_code=False)
    except ValueError as error:
        kind = read_json(Path(model) / "config.json").get("model_type")
        raise UserError(
            f"a reward model from {kind!r}", "a family that transformers classifies with", "llmlab run RUN -p family=transformer"
        ) from error
    start.config.pad_token_id = tokens.marks(tokenizer).pad
    limit = weights.window(start)
    encoded, left_out = teaching.fitting_pairs(tokenizer, learnt, limit, "pairs")
    left_out = dict(Counter(alone) + Counter(left_out) + Counter(unheld))
    rows = [{f"{side}_ids": row["prompt_ids"] + row[f"{side}_ids"] for side in ("chosen", "rejected")} for row in encoded]
    _, usual = optim.suited("preference", "full", sum(p.numel() for p in start.parameters()))
    fitting = (start, [{"input_ids": r["chosen_ids"] + r["rejected_ids"]} for r in rows])
    arguments = fit.arguments(out, seed, max_steps, batch_size, learning_rate or 2 * usual, device, weight_decay=0.0, fitting=fitting)
    config = fit.one_device(RewardConfig(**arguments, max_length=limit, center_rewards_coefficient=0.01))
    trainer = RewardTrainer(model=start, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    tried = maskgate.tried([teaching.length(row) for row in encoded])
    batch = trainer.data_collator([trainer.train_dataset[n] for n in tried])
    whole = [(rows[n][side], [1] * len(rows[n][side])) for side in ("chosen_ids", "rejected_ids") for n in tried]
    maskgate.collated(whole, batch, batch["attention_mask"], "pairs")
    summary = fit.fit(trainer, out, "reward model", rate="learning_rate")
    if not summary:
        return {}
    write_json(Path(out) / BIAS, {"per_token": 0.0})
    raw = pair_scores(out, asked)
    write_json(Path(out) / BIAS, {"per_token": _per_token(raw)})
    held_out = judged(asked, _without_length(raw))
    return {**summary, "pairs": len(rows), "left_out": left_out, "held_out": held_out, "uncorrected": judged(asked, raw)}


def split(pairs):
    """(pairs to learn from, pairs to be asked): all pairs of a prompt on one side, by its hash."""
    sides = ([], [])
    for pair in pairs:
        mark = int(hashlib.sha256(json.dumps(pair["prompt"]).encode()).hexdigest()[:8], 16) / 16**8
        sides[mark < HELD_OUT].append(pair)
    return sides


def load(folder):
    """(model, tokenizer, what it gives for a token more) of a reward model's folder."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(str(folder), trust_remote_code=False).eval()
    return model, tokens.load(folder), read_json(Path(folder) / BIAS)["per_token"]


def scores(folder, conversations):
    """What a reward model gives to the last answer of each list of messages, its liking for length taken away; and the number of tokens of each."""
    return given(load(folder), conversations)


@torch.no_grad()
def given(loaded, conversations, batch_size=32):
    """As `scores`, by a reward model that is loaded."""
    model, tokenizer, per_token = loaded
    pad = tokens.marks(tokenizer).pad
    parts = [dialogue.answered(tokenizer, messages) for messages in conversations]
    ids, lengths = [(before + said)[-weights.window(model) :] for before, said in parts], [len(said) for _, said in parts]
    order, found = sorted(range(len(ids)), key=lambda i: len(ids[i])), [0.0] * len(ids)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        longest = max(len(ids[i]) for i in batch)
        padded = torch.tensor([ids[i] + [pad] * (longest - len(ids[i])) for i in batch])
        mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in batch])
        for i, row in zip(batch, model(input_ids=padded, attention_mask=mask).logits[:, 0].tolist()):
            found[i] = row - per_token * lengths[i]
    return found, lengths


def pair_scores(folder, pairs):
    """Rows {"chosen", "rejected": rewards, "longer": tokens that the chosen answer has more}."""
    good, bad = (scores(folder, [p["prompt"] + p[side] for p in pairs]) for side in ("chosen", "rejected"))
    return [{"chosen": g, "rejected": b, "longer": m - n} for g, b, m, n in zip(good[0], bad[0], good[1], bad[1])]


def _per_token(rows):
    """How much reward a token more is worth, whatever it says: the slope of how far the chosen answer is ahead over how much longer it is. What it is ahead by
    at equal length is its quality, and not counted."""
    longer, ahead = (numpy.array(values, float) for values in zip(*((r["longer"], r["chosen"] - r["rejected"]) for r in rows)))
    spread = longer - longer.mean()
    return float(spread @ ahead / max(1e-9, spread @ spread))


def _without_length(rows):
    """The rewards of pairs, the liking for length taken away that the other half of them shows: no pair is corrected by itself."""
    slopes = [_per_token(rows[1 - half :: 2] or rows) for half in (0, 1)]
    return [{**r, "chosen": r["chosen"] - slopes[n % 2] * r["longer"]} for n, r in enumerate(rows)]


def judged(pairs, rows):
    """How good a reward model is on pairs: {"accuracy", "when_longer", "when_shorter": results of `stats.interval`, "calibration", "by_chance", "prefers_longer"}.

    Prompts are clusters. "prefers_longer" is the share of pairs in which the longer answer gets the higher reward: people's own share stands beside it.
    """
    clusters = [json.dumps(p["prompt"]) for p in pairs]
    right = [float(r["chosen"] > r["rejected"]) for r in rows]
    some = lambda keep: stats.interval(*zip(*kept)) if (kept := [(x, c) for x, c, r in zip(right, clusters, rows) if keep(r)]) else None  # noqa: E731
    sure = [
        {"confidence": 1 / (1 + numpy.exp(-abs(r["chosen"] - r["rejected"]))), "right": x, "cluster": c}
        for r, x, c in zip(rows, right, clusters)
    ]
    uneven = [r for r in rows if r["longer"]]
    longer = lambda values: sum(values) / len(uneven) if uneven else None  # noqa: E731
    return {
        "accuracy": some(lambda r: True),
        "when_longer": some(lambda r: r["longer"] > 0),
        "when_shorter": some(lambda r: r["longer"] < 0),
        "calibration": calibration.error(calibration.reliability(sure)),
        "by_chance": calibration.by_chance(sure),
        "prefers_longer": longer([(r["chosen"] > r["rejected"]) == (r["longer"] > 0) for r in uneven]),
        "people_prefer_longer": longer([r["longer"] > 0 for r in uneven]),
    }
