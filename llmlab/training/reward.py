"""A model of what people prefer: a number for an answer, learnt from pairs (Bradley & Terry 1952; the trainer is TRL's), and how far it is to be trusted.

It is judged on pairs that it was not trained on: accuracy against the ceiling that people set, whether it is as right as it is sure, and whether it merely
counts words or marks of format. What it gives for length and for format alone is measured and taken away.
"""

import hashlib
import json
import math
import re
from collections import Counter
from pathlib import Path

import numpy
import torch

from llmlab.data import dialogue, maskgate, teaching, tokens
from llmlab.evaluation import calibration, stats
from llmlab.models import weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.training import adapters, fit, optim

HELD_OUT = 0.2  # share of the prompts whose pairs are asked, and not learnt from
BIAS, HEAD = "bias.json", "score"  # what it is liked for, and what transformers calls the layer that gives the number
LEAST = 10  # pairs that differ in length, or in format, below which a liking for it cannot be told from chance
FORMAT = re.compile(r"^[ \t]*(?:[-*•+]|\d{1,2}[.)]|#{1,6})[ \t]+|\*\*[^*\n]+\*\*|__[^_\n]+__|\n+|!+", re.M)


def reward(model, data, out, learning_rate=0.0, max_steps=100, batch_size=8, adapter="full", rank=16, seed=0, device="auto"):
    """Step: trains a reward model from a language model, on pairs. It reads what that model reads: what is looked up stands beside the questions here too.

    Args:
        model: folder of the model to start from, usually the supervised one.
        data: JSON-lines file of pairs with `prompt`, `chosen`, `rejected`.
        learning_rate: 0 for the one that suits this size (see `optim.suited`).
        adapter: as in `posttrain.sft`; the head that gives the number is trained whole.

    Returns: the summary of `fit`, with what `judged` measures on the pairs that were held out.
    """
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    tokenizer, (pairs, alone) = weights.tokenizer(model), teaching.compared(data)
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
    _, usual = optim.suited("reward", adapter, sum(p.numel() for p in start.parameters()))
    inside, learning_rate = adapters.place(adapter, out), learning_rate or usual
    fitting = (start, [{"input_ids": r["chosen_ids"] + r["rejected_ids"]} for r in rows])
    arguments = fit.arguments(inside, seed, max_steps, batch_size, learning_rate, device, weight_decay=0.0, fitting=fitting)
    trainer = RewardTrainer(
        model=start,
        args=fit.one_device(RewardConfig(**arguments, max_length=limit, center_rewards_coefficient=0.01)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=adapters.config(adapter, rank, start, tokenizer, HEAD),
    )
    tried = maskgate.tried([teaching.length(row) for row in encoded])
    batch = trainer.data_collator([trainer.train_dataset[n] for n in tried])
    whole = [(rows[n][side], [1] * len(rows[n][side])) for side in ("chosen_ids", "rejected_ids") for n in tried]
    maskgate.collated(whole, batch, batch["attention_mask"], "pairs")
    summary = fit.fit(trainer, inside, "reward model", rate="learning_rate")
    if not summary:
        return {}
    adapters.merge(adapter, trainer.model, tokenizer, out)
    write_json(Path(out) / BIAS, dict.fromkeys(("per_token", "per_mark"), 0.0))
    raw = pair_scores(out, asked)
    write_json(Path(out) / BIAS, likings(raw))
    held_out = judged(asked, _without_likings(raw))
    told = {"learning_rate": learning_rate, "pairs": len(rows), "left_out": left_out}
    return {**summary, **told, "held_out": held_out, "uncorrected": judged(asked, raw)}


def split(pairs):
    """(pairs to learn from, pairs to be asked): all pairs of a prompt on one side, by its hash."""
    sides = ([], [])
    for pair in pairs:
        mark = int(hashlib.sha256(json.dumps(pair["prompt"]).encode()).hexdigest()[:8], 16) / 16**8
        sides[mark < HELD_OUT].append(pair)
    return sides


def load(folder):
    """(model, tokenizer, what it gives for a token and for marks of format: see `likings`) of a reward model's folder."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(str(folder), trust_remote_code=False).eval()
    return model, weights.tokenizer(folder), read_json(Path(folder) / BIAS)


def scores(folder, conversations):
    """What a reward model gives to the last answer of each list of messages, its liking for length and format taken away, and of each answer {"tokens", "marks":
    share of marks of format, "cut": tokens that did not fit into the window}."""
    return given(load(folder), conversations)


@torch.no_grad()
def given(loaded, conversations, batch_size=32):
    """As `scores`, by a reward model that is loaded."""
    model, tokenizer, liking = loaded
    pad, limit = tokens.marks(tokenizer).pad, weights.window(model)
    parts = [dialogue.answered(tokenizer, messages) for messages in conversations]
    ids = [_within(before, said, limit) for before, said in parts]
    facts = [
        {"tokens": len(said), "marks": format_share(messages[-1]["content"]), "cut": len(before) + len(said) - len(kept)}
        for messages, (before, said), kept in zip(conversations, parts, ids)
    ]
    order, found = sorted(range(len(ids)), key=lambda i: len(ids[i])), [0.0] * len(ids)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        longest = max(len(ids[i]) for i in batch)
        padded = torch.tensor([ids[i] + [pad] * (longest - len(ids[i])) for i in batch])
        mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in batch])
        for i, row in zip(batch, model(input_ids=padded, attention_mask=mask).logits[:, 0].tolist()):
            found[i] = row - liking["per_token"] * facts[i]["tokens"] - liking["per_mark"] * facts[i]["marks"]
    return found, facts


def _within(before, said, limit):
    """A prompt and its answer in so many tokens: the prompt loses its beginning, and an answer that is too long by itself its end, never its beginning."""
    room = limit - len(said)
    return before[max(0, len(before) - room) :] + said if room > 0 else said[:limit]


def format_share(text):
    """The share of marks of format among words and marks: bullets, numbers of a list, headings, bold words, line breaks, exclamation marks."""
    marks, words = len(FORMAT.findall(text)), len(re.findall(r"\w+", text))
    return marks / max(1, marks + words)


def pair_scores(folder, pairs):
    """Rows {"chosen", "rejected": rewards, "longer": tokens that the chosen answer has more, "formatted": by how much its share of marks is larger, "cut": whether
    something of the pair did not fit into the window}."""
    good, bad = (scores(folder, [p["prompt"] + p[side] for p in pairs]) for side in ("chosen", "rejected"))
    return [
        {
            "chosen": g,
            "rejected": b,
            "longer": of["tokens"] - other["tokens"],
            "formatted": of["marks"] - other["marks"],
            "cut": bool(of["cut"] or other["cut"]),
        }
        for g, b, of, other in zip(good[0], bad[0], good[1], bad[1])
    ]


def likings(rows):
    """{"per_token", "per_mark"}: how much reward a token more, and marks of format in place of all words, are worth whatever they say: the slopes, together, of how
    far the chosen answer is ahead over how much longer and more formatted it is. What it is ahead by where both are alike is its quality, and not counted."""
    beside = numpy.array([[r["longer"], r["formatted"]] for r in rows], float)
    ahead = numpy.array([r["chosen"] - r["rejected"] for r in rows], float)
    spread = (beside - beside.mean(0)) * ((beside != 0).sum(0) >= LEAST)
    slopes = numpy.linalg.lstsq(spread, ahead - ahead.mean(), rcond=None)[0]
    return dict(zip(("per_token", "per_mark"), map(float, slopes)))


def _without_likings(rows):
    """The rewards of pairs, the likings taken away that the other half of them shows: no pair is corrected by itself."""
    slopes = [likings(rows[1 - half :: 2] or rows) for half in (0, 1)]
    worth = lambda r, liking: liking["per_token"] * r["longer"] + liking["per_mark"] * r["formatted"]  # noqa: E731
    return [{**r, "chosen": r["chosen"] - worth(r, slopes[n % 2])} for n, r in enumerate(rows)]


def judged(pairs, rows):
    """How good a reward model is on pairs: {"accuracy", "when_longer", "when_shorter": results of `stats.interval`, "calibration", "by_chance", "prefers_longer"},
    the same of the more formatted answer, and "cut": pairs that did not fit into the window whole.

    Prompts are clusters. "prefers_longer" is the share of pairs in which the longer answer gets the higher reward: people's own share stands beside it.
    """
    clusters = [json.dumps(p["prompt"]) for p in pairs]
    right = [float(r["chosen"] > r["rejected"]) for r in rows]
    some = lambda keep: stats.interval(*zip(*kept)) if (kept := [(x, c) for x, c, r in zip(right, clusters, rows) if keep(r)]) else None  # noqa: E731
    sure = [
        {"confidence": 1 / (1 + numpy.exp(-abs(r["chosen"] - r["rejected"]))), "right": x, "cluster": c}
        for r, x, c in zip(rows, right, clusters)
    ]
    return {
        "accuracy": some(lambda r: True),
        "when_longer": some(lambda r: r["longer"] > 0),
        "when_shorter": some(lambda r: r["longer"] < 0),
        "when_more_format": some(lambda r: r["formatted"] > 0),
        "when_less_format": some(lambda r: r["formatted"] < 0),
        "calibration": calibration.error(calibration.reliability(sure)),
        "by_chance": calibration.by_chance(sure),
        **{name: share for key, name in (("longer", "longer"), ("formatted", "format")) for name, share in _preferred(rows, key, name)},
        "cut": sum(r["cut"] for r in rows),
    }


def _preferred(rows, key, name):
    """("prefers_…", "people_prefer_…") with the share of uneven pairs in which the answer that has more of something gets the higher reward, or is the chosen one."""
    uneven = [r for r in rows if r[key]]
    share = lambda values: sum(values) / len(uneven) if uneven else None  # noqa: E731
    yield f"prefers_{name}", share([(r["chosen"] > r["rejected"]) == (r[key] > 0) for r in uneven])
    yield f"people_prefer_{name}", share([r[key] > 0 for r in uneven])
