"""The release gate: a list of criteria that was written down before the run, each a line that a person can read.

    catalogue >= 0.9                         the score of a task, of the released model
    size <= 0.5 of assistant                 a figure as a share of another model's
    catalogue >= -0.03 against assistant     points of a task's score gained against another model, paired by item

Figures beside the tasks are those of FIGURES. What was not measured does not pass.
"""

import re
from dataclasses import dataclass

from llmlab.data.tasks import METRICS
from llmlab.evaluation import evaluate, stats
from llmlab.spine.errors import UserError
from llmlab.spine.params import near
from llmlab.spine.run import MODELS

FIGURES = {
    "size": "megabytes of weights on disk",
    "parameters": "millions of parameters",
    "speed": "tokens per second, one user on one thread",
    "first_ms": "milliseconds to the first token, the median",
    "p95_ms": "milliseconds to the first token, the 95th percentile",
    "token_ms": "milliseconds per token after that, the median",
    "general": "bits per byte of general text",
}
GENERAL = (
    "offensive <= 0.005",
    "personal <= 0.005",
    "speed >= 2 of assistant",
    "size <= 0.5 of assistant",
)  # where nobody asks for anything
LINE = re.compile(
    r"\s*(?P<name>[\w.-]+)\s*(?P<sign>>=|<=|≥|≤)\s*(?P<limit>-?\d*\.?\d+(?:e-?\d+)?)\s*(?:(?P<how>of|against)\s+(?P<model>\w+))?\s*"
)


@dataclass(frozen=True)
class Criterion:
    """One line of the gate, taken apart."""

    text: str
    name: str
    direction: str
    limit: float
    how: str = ""  # "of" another model, or "against" it
    model: str = ""


def parsed(text, where="criteria"):
    """The Criterion that a line means; a UserError says what it lacks, and where it stands."""
    match = LINE.fullmatch(text)
    if match is None:
        raise UserError(
            f"{where}: {text!r} is no criterion", "NAME >= NUMBER, NAME <= NUMBER of MODEL, TASK >= NUMBER against MODEL", "mend the line"
        )
    how, model, figure = match["how"] or "", match["model"] or "", match["name"] in FIGURES
    if model and model not in MODELS:
        raise UserError(f"{where}: {text!r} names no model of a run", near(model, MODELS), "mend the line")
    if (how == "of") > figure or (how == "against" and figure):
        raise UserError(f"{where}: {text!r}", "figures are compared as a share `of` a model, tasks by points `against` it", "mend the line")
    sign = {">=": "≥", "<=": "≤"}.get(match["sign"], match["sign"])
    return Criterion(" ".join(text.split()), match["name"], sign, float(match["limit"]), how, model)


def check(texts, tasks, where="criteria"):
    """Before any kernel starts: every criterion is one, and names a task or a figure.

    Args:
        tasks: names of the tasks that the run will have; None where nobody can know them yet.
        where: the criteria stand, for the error.
    """
    for text in texts:
        one = parsed(text, where)
        if one.name not in FIGURES and tasks is not None and one.name not in tasks:
            raise UserError(
                f"{where}: {text!r} names nothing that is measured", near(one.name, (*tasks, *FIGURES)), "mend the line, or add the task"
            )


def lines(wanted, about, tasks, task):
    """The criteria of a run as text: those that are wanted, else the material's, else general ones about the one task; of tasks that there are.

    Args:
        tasks: names of those that were asked; task: the one task of phase 6.
    """
    if wanted:
        return list(wanted)
    asked = about["criteria"] or [f"{task} >= -0.03 against assistant", *GENERAL]
    return [text for text in asked if (one := parsed(text)).name in FIGURES or one.name in tasks]


# --- measuring ------------------------------------------------------------------------------------------------------------------------
def judged(texts, measured, proof="estimate"):
    """Rows of the gate.

    Args:
        measured: {"results": {model: {task: result}}, "samples": {model: {id: sample}}, "figures": {model: {figure: result}}, "speeds"}.
        proof: "bound" asks that the 95 % interval's near end keeps the limit too, "estimate" looks at the score alone.

    Returns: rows {"criterion", "name", "about", "limit", "direction", "value", "low", "high", "n", "passed", "why"}.
    """
    return [_row(parsed(text), measured, proof) for text in texts]


def _row(one, measured, proof):
    result, about = _measured(one, measured)
    row = dict(criterion=one.text, name=one.name, how=one.how, about=about, limit=one.limit, direction=one.direction)
    if result is None:
        return {**row, "value": None, "low": None, "high": None, "n": 0, "passed": False, "why": "not measured"}
    value, low, high = result["score"], result["low"], result["high"]
    tested = value if proof == "estimate" else low if one.direction == "≥" else high
    keeps = (lambda x: x >= one.limit) if one.direction == "≥" else (lambda x: x <= one.limit)
    why = "keeps the limit" if keeps(tested) else "too few items to be sure" if keeps(value) else "misses the limit"
    return {**row, "value": value, "low": low, "high": high, "n": result["n"], "passed": keeps(tested), "why": why}


def _measured(one, measured):
    """(result or None, what it means) of a criterion."""
    if one.name in FIGURES:
        return _figure(one, measured), FIGURES[one.name] + (f", as a share of the {one.model}'s" if one.how else "")
    result = measured["results"]["released"].get(one.name)
    if result is None:
        return None, "a task that was not asked"
    means = METRICS.get(result["metric"], (0, 0, result["metric"]))[2]
    if one.how == "against":
        return _points(one, measured), f"points gained against the {one.model}, paired: {means}"
    if result["better"] == "even":
        return stats.distance(result, result["chance"]), f"how far from even ({result['chance']:g}): {means}"
    return result, means


def _figure(one, measured):
    here = measured["figures"]["released"].get(one.name)
    there = measured["figures"].get(one.model, {}).get(one.name) if one.how else None
    if here is None or (one.how and there is None):
        return None
    if not one.how:
        return here
    if one.name == "speed":  # question by question
        return stats.ratio(measured["speeds"][one.model]["answers_ms"], measured["speeds"]["released"]["answers_ms"])
    share = here["score"] / there["score"]
    return {"score": share, "low": share, "high": share, "n": here["n"]}


def _points(one, measured):
    before, after = measured["samples"].get(one.model, {}), measured["samples"]["released"]
    pairs = [(before[i]["score"], s["score"], s["cluster"]) for i, s in after.items() if s["task"] == one.name and i in before]
    if not pairs:
        return None
    found = evaluate.gain(measured["results"]["released"][one.name], *zip(*pairs))
    return {"score": found["difference"], "low": found["low"], "high": found["high"], "n": found["n"]}


def figures(model, speeds, general=None):
    """{figure: result} of one model.

    Args:
        model: its folder.
        speeds: as `speed.measure` gives them.
        general: its bits per byte of general text, if they were measured.
    """
    from llmlab.models import weights

    exact = lambda value, n=1: {"score": value, "low": value, "high": value, "n": n}  # noqa: E731
    pace = stats.ratio([1000.0] * len(speeds["answers_ms"]), speeds["answers_ms"])
    found = {"size": exact(weights.size_bytes(model) / 1e6), "speed": pace}
    found |= {
        name: exact(speeds[key], speeds["n"])
        for name, key in (("first_ms", "first_ms_p50"), ("p95_ms", "first_ms_p95"), ("token_ms", "token_ms_p50"))
    }
    if (count := weights.parameter_count(model)) is not None:
        found["parameters"] = exact(count / 1e6)
    return found | ({"general": exact(general)} if general is not None else {})
