"""Does a model know what it knows? How often it is right, against how sure it is, on questions with choices."""

import math
import random

from llmlab.evaluation import evenness, stats


def sure(samples):
    """Rows {"confidence", "right", "cluster"}: the share of its belief that a model gives to the choice it finds likeliest.

    Args:
        samples: of tasks of the metric `choice`, whose answers are log-likelihoods and whose scores say whether the likeliest choice is right.
    """
    rows = []
    for sample in samples:
        scores = [s if math.isfinite(s) else -1e9 for s in sample["answer"]]
        belief = [math.exp(s - max(scores)) for s in scores]
        rows.append({"confidence": max(belief) / sum(belief), "right": sample["score"], "cluster": sample["cluster"]})
    return rows


def reliability(rows, parts=5):
    """As many groups of equal size, from the least sure to the surest: rows {"confidence": their mean, "score", "low", "high", "n"}."""
    ends = [stats.interval([r["right"] for r in g], [r["cluster"] for r in g]) for g in _cut(rows, parts)]
    return [{**group, **{k: told[k] for k in ("low", "high")}} for group, told in zip(_grouped(rows, parts), ends, strict=True)]


def _cut(rows, parts):
    """Groups of equal size by how sure the model is."""
    order = sorted(rows, key=lambda r: r["confidence"])
    cuts = [round(k * len(order) / parts) for k in range(parts + 1)]
    return [order[a:b] for a, b in zip(cuts, cuts[1:]) if b > a]


def _grouped(rows, parts):
    """{"confidence", "score", "n"} of each group."""
    mean = lambda group, key: sum(r[key] for r in group) / len(group)  # noqa: E731
    return [{"confidence": mean(g, "confidence"), "score": mean(g, "right"), "n": len(g)} for g in _cut(rows, parts)]


def error(groups):
    """Expected calibration error, of groups of equal size: the mean distance between how sure a model is and how often it is right (after Naeini et al. 2015)."""
    return sum(g["n"] * abs(g["confidence"] - g["score"]) for g in groups) / sum(g["n"] for g in groups)


def interval(rows, parts=5):
    """{"score", "low", "high", "n", "clusters"} of `error`, with 95 % over the clusters of the rows, whose low end is 0 of a model that is as right as it is
    sure, though the error of its groups is above."""
    return evenness.apart([[(r["confidence"], r["right"], r["cluster"]) for r in group] for group in _cut(rows, parts)])


def by_chance(rows, parts=5, rounds=50, seed=0):
    """The error that a model would show which is exactly as right as it is sure: small groups never hit their mean."""
    rng, errors = random.Random(seed), []
    for _ in range(rounds):
        drawn = [{**r, "right": float(rng.random() < r["confidence"])} for r in rows]
        errors.append(error(_grouped(drawn, parts)))
    return sum(errors) / rounds


def selective(rows, shares=(1.0, 0.5, 0.2)):
    """Of the surest share of the answers, how many are right: rows {"answered", "score", "low", "high", "n"}; a model that knows what it knows gains."""
    order, found = sorted(rows, key=lambda r: -r["confidence"]), []
    for share in shares:
        some = order[: max(1, round(share * len(order)))]
        told = stats.interval([r["right"] for r in some], [r["cluster"] for r in some])
        found.append({"answered": f"{share:.0%}", **{k: told[k] for k in ("score", "low", "high", "n")}})
    return found
