"""The seven phases of a run together: with which parameters, which of them are stale and why, and the pages that link them."""

from llmlab.pages import report
from llmlab.spine.params import PHASES, resolve
from llmlab.spine.run import Run, existing


def plan(run, changed=None):
    """{phase: all its parameters}: the notebooks' defaults with what the run was told, or with `changed` instead of that."""
    changed = run.told() if changed is None else changed
    return {phase: resolve(phase, changed.get(phase), run.schema(phase)) for phase in PHASES}


def states(run, planned=None):
    """{phase: reasons it would run}, for the parameters the run was told; [] means up to date."""
    planned = planned or plan(run)
    return {phase: run.stale(phase, planned[phase]) for phase in PHASES}


def followers(run, found):
    """{phase: phases that would run and whose artifacts it reads, itself or through others}: it runs too if they come out otherwise."""
    may = {}
    for phase in PHASES:
        record = run.done(phase)
        read = {artifact.split("/")[0] for artifact in (record or {"inputs": ()})["inputs"]}
        may[phase] = [p for p in PHASES if p in read and (found[p] or may.get(p))] if not found[phase] else []
    return may


def status(path):
    """(states, followers) of the run at a path."""
    run = existing(path)
    found = states(run)
    return found, followers(run, found)


def redraw(run):
    """Draws every report of a run again, since they link to each other, and its index."""
    for phase in PHASES:
        if (run.path / phase / "phase.json").exists() and (run.path / phase / "notebook.ipynb").exists():
            report.phase_report(run, phase)
    report.index(run, states(run))


def costs(path):
    """Rows for the closing table: what each phase cost, and how much of it was learning."""
    records = {p: record for p in PHASES if (record := Run(path).done(p))}
    return [{"phase": p, **{k: r[k] for k in ("seconds", "learning_seconds", "peak_memory_mb")}} for p, r in records.items()]
