"""Does a model know what it knows? How often it is right, against how sure it is, on questions with choices."""

import math

from llmlab.evaluation import stats


def sure(samples, items):
    """Rows {"confidence", "right", "cluster"}: the share of its belief that a model gives to the choice it finds likeliest.

    Args:
        samples: of tasks of the metric `choice`, whose answers are log-likelihoods; items: those that they answer, in their order.
    """
    rows = []
    for sample, item in zip(samples, items):
        scores = [s if math.isfinite(s) else -1e9 for s in sample["answer"]]
        top = max(scores)
        belief = [math.exp(s - top) for s in scores]
        rows.append(
            {"confidence": max(belief) / sum(belief), "right": float(scores.index(top) == item["right"]), "cluster": sample["cluster"]}
        )
    return rows


def reliability(rows, parts=5):
    """As many groups of equal size, from the least sure to the surest: rows {"confidence": their mean, "score", "low", "high", "n"}."""
    order = sorted(rows, key=lambda r: r["confidence"])
    cuts = [round(k * len(order) / parts) for k in range(parts + 1)]
    groups = [order[a:b] for a, b in zip(cuts, cuts[1:]) if b > a]
    found = [(sum(r["confidence"] for r in g) / len(g), stats.interval([r["right"] for r in g], [r["cluster"] for r in g])) for g in groups]
    return [{"confidence": sure, **{k: told[k] for k in ("score", "low", "high", "n")}} for sure, told in found]


def error(groups):
    """Expected calibration error (Naeini et al. 2015): the mean distance between how sure it is and how often it is right, over the groups."""
    return sum(g["n"] * abs(g["confidence"] - g["score"]) for g in groups) / sum(g["n"] for g in groups)


def selective(rows, shares=(1.0, 0.5, 0.2)):
    """Of the surest share of the answers, how many are right: rows {"answered", "score", "low", "high", "n"}; a model that knows what it knows gains."""
    order, found = sorted(rows, key=lambda r: -r["confidence"]), []
    for share in shares:
        some = order[: max(1, round(share * len(order)))]
        told = stats.interval([r["right"] for r in some], [r["cluster"] for r in some])
        found.append({"answered": f"{share:.0%}", **{k: told[k] for k in ("score", "low", "high", "n")}})
    return found
