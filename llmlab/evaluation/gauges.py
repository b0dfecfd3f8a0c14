"""Figures that a criterion may name beside the tasks: whatever phase 7 measures of a model, from what its results.json says and from the answers."""

import math

from llmlab.evaluation import calibration, refusals, stats, traffic
from llmlab.models import weights

FIGURES = {
    "size": "megabytes of weights on disk",
    "parameters": "millions of parameters",
    "speed": "tokens per second, one user on one thread",
    "first_ms": "milliseconds to the first token, the median",
    "p95_ms": "milliseconds to the first token, the 95th percentile",
    "token_ms": "milliseconds per token after that, the median",
    "general": "bits per byte of general text",
    "bits": "bits per byte of the source's own text, which was held out",
}
WAITS = {  # of the released model, through the endpoint that it is served by: (how many users, which percentile)
    f"wait{users}{of}_ms": (users, percent) for users in traffic.USERS for of, percent in (("", 50), ("_p95", 95))
}
ALONE = {  # of one model, and no share of another's
    **{
        name: f"milliseconds to the first word with {users} user{'s' * (users > 1)} at once, {'the median' if q == 50 else f'the {q}th percentile'}"
        for name, (users, q) in WAITS.items()
    },
    "memory_mb": "megabytes of memory of the server, the most while it was asked",
    "cut": "share of the answers that were cut before their end",
    "calibration": "how far belief and being right lie apart, where there are choices (expected calibration error)",
    "refusal_kappa": "how far what counts as a refusal agrees with people, beyond chance (XSTest)",
}
OF_SIZE = {name for name in (*FIGURES, *ALONE) if name.endswith("_ms")} | {
    "size",
    "parameters",
    "speed",
    "memory_mb",
}  # better, if a model is smaller
LATENCIES = (("first_ms", "firsts_ms", 50), ("p95_ms", "firsts_ms", 95), ("token_ms", "answers_ms", 50))
TEXTS = {"general": "general text", "bits": "the source's own"}  # what results.json calls them


def answers(criteria):
    """How many answers a load test needs at least: of fewer no 95th percentile has an upper end, if a criterion asks for one."""
    return 80 if any(name in line for line in criteria for name, (_, q) in WAITS.items() if q == 95) else 0


def figures(folder, name, record, samples, about=None):
    """{figure: result} of one model.

    Args:
        folder: of the model; name: what the record calls it.
        record: as phase 7 writes it to results.json: {"speed": {model: as `speed.measure` gives it}, "load": rows of `traffic.under_load` about the released
            model, "bits": {text: {model: bits per byte, as a result}}}.
        samples: {id: sample} of its answers.
        about: what the material says of itself, by whose words answers were judged.
    """
    speeds = record["speed"][name]
    pace = stats.ratio([1000.0] * len(speeds["answers_ms"]), speeds["answers_ms"])
    found = {"size": _exact(weights.size_bytes(folder) / 1e6), "speed": pace}
    found |= {figure: stats.quantile(speeds[key], q) for figure, key, q in LATENCIES if key in speeds}
    if (count := weights.parameter_count(folder)) is not None:
        found["parameters"] = _exact(count / 1e6)
    bits = record.get("bits", {})
    said = {figure: bits[text][name] for figure, text in TEXTS.items() if name in bits.get(text, {})}
    found |= {figure: of if isinstance(of, dict) else _exact(of) for figure, of in said.items()}  # once without an interval
    return (
        found | _of_answers(list(samples.values())) | (_of_load(record.get("load", [])) if name == "released" else {}) | _of_judges(about)
    )


def share(here, there):
    """One figure as a share of another's: document by document where both have one of each, else with the ends of both at their worst."""
    found = {"score": here["score"] / there["score"], "n": here["n"]}
    if "each" in here and "each" in there:
        ratio = stats.ratio(here["each"], there["each"])
        return found | {end: found["score"] * ratio[end] / ratio["score"] for end in ("low", "high")}
    return found | {"low": here["low"] / there["high"], "high": here["high"] / there["low"] if there["low"] else math.inf}


def _exact(value, n=1):
    return {"score": value, "low": value, "high": value, "n": n}


def _of_answers(samples):
    """How many answers were cut, and whether the model knows what it knows."""
    said, chosen = [s for s in samples if isinstance(s["answer"], str)], [s for s in samples if s["metric"] == "choice"]
    found = {"cut": stats.interval([bool(s.get("cut")) for s in said], [s["cluster"] for s in said])} if said else {}
    return found | ({"calibration": calibration.interval(calibration.sure(chosen))} if chosen else {})


def _of_load(rows):
    """What users wait for, and what the server takes; {} if nothing could be measured."""
    by = {row["users"]: row["firsts_ms"] for row in rows if "firsts_ms" in row}
    found = {figure: stats.quantile(by[users], q) for figure, (users, q) in WAITS.items() if users in by}
    return found | ({"memory_mb": _exact(max(row["memory_mb"] for row in rows), len(rows))} if rows else {})


def _of_judges(about=None):
    """How far the judge of refusals is to be trusted; nothing is said of one that has changed since it was held against people."""
    told = refusals.overall(about)
    return {"refusal_kappa": {"score": told["kappa"], **{key: told[key] for key in ("low", "high", "n")}}} if told else {}
