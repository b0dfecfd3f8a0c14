"""What the gate can prove at all, known before anything is trained: the answers of a model that makes no mistake, judged as any other's.

Items in the same words stand and fall together, so even a score without a miss shows no more than its wordings allow.
"""

import math

from scipy.stats import beta

from llmlab.data import tasks
from llmlab.evaluation import evaluate, gate, judges, stats


def possible(texts, folder, limit=0, times=1, seed=0):
    """What can be proven at all, before anything is trained: rows {"criterion", "wordings", "a perfect score shows", "can be proven", "is proven four times in
    five"} of those about a task.

    The gate judges the answers of a model that makes no mistake, and that differs in nothing from the one that it is compared with.

    Args:
        folder: of the tasks; limit, times, seed: of phase 7, which draws as many items of their test halves.
    """
    heads, judge, rows = {t["name"]: t for t in tasks.read(folder, "test") if t["items"]}, judges.Judge(folder), []
    for one in (c for c in map(gate.parsed, texts) if c.task in heads):
        items = evaluate.some_items(heads[one.task], limit * times, seed)
        results, samples = _perfect(heads[one.task], items, judge)
        same = {"results": {"released": results}, "samples": dict.fromkeys(("released", one.model), samples), "figures": {}, "speeds": {}}
        (row,) = gate.judged([one.text], same)
        near = row["low"] if one.direction == "≥" else row["high"]
        shows = "nothing" if near is None else f"{one.direction} {near:.3f}"
        can = "yes" if row["state"] == gate.PROVEN else "no, it is not measured" if near is None else "no, however good the model"
        wordings = len({item["cluster"] for item in items})
        plain = not one.how and not one.part and heads[one.task]["better"] != "even" and heads[one.task]["metric"] != "offensive"
        sure = likely(one, wordings) if plain else None  # how well a judge knows what is offensive is not known yet
        true = "–" if sure is None else f"of a true score {one.direction} {sure:.3f}"
        rows.append(
            {
                "criterion": one.text,
                "wordings": wordings,
                "a perfect score shows": shows,
                "can be proven": can,
                "is proven four times in five": true,
            }
        )
    return rows


def likely(one, wordings):
    """The true score from which on a criterion is proven four times in five, each wording being right or wrong as a whole; None where none is."""
    higher = one.direction == "≥"
    limit = one.limit if higher else 1 - one.limit
    proves = lambda hits: stats.interval([1.0] * hits + [0.0] * (wordings - hits))["low"] >= limit  # noqa: E731
    least = next((hits for hits in range(max(1, math.floor(limit * wordings)), wordings + 1) if proves(hits)), None)
    if least is None:
        return None
    true = float(beta.ppf(0.8, least, wordings - least + 1))
    return true if higher else 1 - true


def _perfect(head, items, judge):
    """(results, samples) of a model that makes no mistake in the items of a task: {name: result}, {id: sample}."""
    best = {"higher": 1.0, "lower": 0.0}.get(head["better"])
    scores = [best] * len(items) if best is not None else _even(head, items)
    answers = [[float(n == i["right"]) for n in range(len(i["choices"]))] if "choices" in i and "right" in i else "" for i in items]
    kept = [{key: i[key] for key in ("group", "pair", "between") if key in i} for i in items]
    samples = {i["id"]: {"task": head["name"], "cluster": i["cluster"], "score": s, **more} for i, s, more in zip(items, scores, kept)}
    return {head["name"]: evaluate.counted(head, items, scores, judge, (), answers)}, samples


def _even(head, items):
    """Scores that are even in each group: neither of two where an answer may name neither, else the one in some wordings and the other in the rest."""
    if head["metric"] == "leans":
        return [0.5] * len(items)
    wordings = {}
    for item in items:
        of = wordings.setdefault(item.get("group", ""), {})
        of.setdefault(item["cluster"], len(of))
    number = lambda item: wordings[item.get("group", "")][item["cluster"]]  # noqa: E731
    return [float(int((number(i) + 1) * head["chance"] + 1e-9) > int(number(i) * head["chance"] + 1e-9)) for i in items]
