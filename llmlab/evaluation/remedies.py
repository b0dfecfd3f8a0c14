"""What a finding or a verdict would have changed: a parameter's new value, how it is said behind -p, and the command that makes it a run."""

import re

from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES, schema


def changed(run, phase, name, change):
    """The new value of a parameter, as text for a command; None if the run has that value already, or if it would change nothing.

    Args:
        change: the value itself, or "×2" and the like: the run's own value times that. A value below 0, which leaves the choice to phase 1,
            stands for what phase 1 chose; 0 is somebody's choice.
    """
    params = run.params(phase)
    if idle(params, name):
        return None
    now = params[name]
    if not change.startswith("×"):
        return None if str(now).lower() == change else change
    if now == 0:
        return None  # by choice: an adopted model was passed on, a step left out
    if now < 0:
        now = read_json(run["1_model_design/budget.json"]).get(name, 0)
    if now == 0:
        return None
    new = now * float(change[1:])
    new = max(1, round(new)) if isinstance(now, int) else float(f"{new:.3g}")
    return None if new in (now, 0) else str(new)


def idle(params, name):
    """Whether a parameter has no effect in a run: a preference method that does nothing takes no steps, nor does a student that is not made."""
    if name.startswith("preference_"):
        return params.get("preference", "").endswith(".no_preference")
    return name in ("student_layers", "distill_steps") and params.get("distill_steps") == 0


def option(phase, name, value):
    """What follows -p: with the phase, where others have a parameter of that name."""
    return f"{name}={value}" if sum(name in schema(p) for p in PHASES) == 1 else f"{phase}.{name}={value}"


def command(run, options):
    """What makes a change, as a new run that shares what the change leaves alone, and that is called after the change."""
    options = list(dict.fromkeys(options))
    folder = f"{run.place.rpartition('/')[0]}/" if "/" in run.place else ""
    return f"llmlab run {folder}{following(run, options).name} --parent {run.place}" + "".join(f" -p {o}" for o in options)


def following(run, options):
    """Where the run stands that a change makes: beside the run, and called after the change."""
    named = ("-".join((o.partition("=")[0].rpartition(".")[2], o.partition("=")[2])).removesuffix("-true") for o in dict.fromkeys(options))
    return run.path.with_name(re.sub(r"[^\w.-]", "_", "-".join([run.path.name, *named])))
