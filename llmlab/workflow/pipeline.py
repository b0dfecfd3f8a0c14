"""`llmlab run`: executes what is missing or stale, in order, and says why."""

import shutil
from pathlib import Path

from llmlab.evaluation import compare as comparison
from llmlab.pages import report
from llmlab.spine import locks, notebooks
from llmlab.spine.errors import UserError
from llmlab.spine.params import PHASES, check_phase, overrides
from llmlab.spine.run import Run, because
from llmlab.workflow import execution, needs, preflight, road

READ, TAUGHT, LAST = "2_dataset_engineering", "5_post_training", "7_final_evaluation"


def run(path, layers=(), parent=None, only=(), start=None, force=False, echo=print, spared=None):
    """Executes what is missing or stale of a run, in order, and says why.

    Args:
        path: run directory.
        layers: parameter sections, later ones winning, on top of those the run was given before and of what was chosen in Jupyter.
        parent: run that supplies what this one does not make.
        only: phases to consider; `start`: the first phase to consider.
        force: run them even if nothing changed, and keep nothing.
        spared: {phase: {name: value}} with which a phase that has to run is executed, for whoever can do without what it makes beside its model. It is no
            reason to run it: what is there already does as well.

    Returns: the phases that were executed. Raises UserError before any kernel starts, execution.PhaseFailed when a cell fails.
    """
    experiment, selected = Run(path, parent), _selected(only, start)
    changed, planned, told = check(experiment, layers, selected, force)
    for line in told:
        echo(line)
    _complete(experiment, selected)
    if experiment.parent and (missing := [p for p in selected if experiment.parent.done(p) is None]):
        echo(f"{experiment.parent.path.name}, the parent, has not finished {', '.join(missing)}: this run makes what it needs itself")
    _writable(experiment.path)
    with locks.alone(experiment):
        _tell(experiment, changed, planned, echo)
        executed = []
        for phase in selected:
            if phase > READ and LAST in selected and planned[LAST]["criteria"]:
                preflight.asked(Run(path), planned[LAST]["criteria"])
            executed += [phase] if _walk(Run(path), phase, planned[phase], (spared or {}).get(phase, {}), force, echo) else []
        report.index(Run(path), road.states(Run(path)))
    return executed


def check(experiment, layers, selected, force=False):
    """What can be known before any kernel starts: (what the run is told, {phase: all its parameters}, sentences on what will be otherwise than somebody may
    think). Raises UserError for what cannot work.

    Args:
        experiment: a Run, which need not be there yet; layers: what is added to what it was told; selected: phases that are to be executed, and `force`d if nothing changed.
    """
    changed = overrides([experiment.told(), *layers], {p: experiment.schema(p) for p in PHASES})
    planned = road.plan(experiment, changed)
    for phase in selected:
        preflight.check(phase, planned[phase], (experiment.done(phase) or {}).get("params"))
    told = preflight.together(planned)
    if TAUGHT in selected and (experiment.done(TAUGHT) or {}).get("params") != planned[TAUGHT]:
        made = _made(experiment, planned, READ in selected, force)
        preflight.comparable(planned, made)
        needs.stocked(planned, made)
        told = [*told, *(f"{TAUGHT}: {line}" for line in preflight.used_to(planned))]
    if due := [p for p in selected if p in preflight.LONG and (experiment.done(p) or {}).get("params") != planned[p]]:
        takes = preflight.takes(planned)
        told = [*told, *(f"{phase}: {takes[phase]}" for phase in due if phase in takes)]
    return changed, planned, told


def _made(experiment, planned, selected, force):
    """The folder of the lessons, if they are there and will not be made anew; else None."""
    if experiment.done(READ) is None or (selected and (force or experiment.stale(READ, planned[READ]))):
        return None
    return experiment.owner(READ).path / READ


def _tell(experiment, changed, planned, echo):
    """Notes the parameters in the run's record, and in its working copies, so that both always say the same."""
    for phase, values in experiment.chosen().items():
        echo(f"{phase}: {', '.join(f'{n} = {v!r}' for n, v in values.items())}, as saved in Jupyter")
    if (experiment.path / "run.json").exists() and experiment.record["overrides"]:  # what is added to a run that was told something before
        before = road.plan(experiment)
        for phase in PHASES:
            new = [f"{n} {before[phase][n]!r} → {v!r}" for n, v in planned[phase].items() if before[phase].get(n) != v]
            if new:
                echo(f"{phase}: {', '.join(new)}; all else stays as {experiment.path.name} was told before")
    experiment.record["overrides"] = changed
    experiment.save()
    for phase in PHASES:
        copy = experiment.path / "notebooks" / f"{phase}.ipynb"
        if copy.exists():
            notebooks.refill(copy, planned[phase])


def _walk(experiment, phase, params, spared, force, echo):
    """Executes a phase if there is a reason, without what is spared. True if it did."""
    reasons = ["--force"] if force else experiment.stale(phase, params)
    owner = experiment.owner(phase)
    if not reasons:
        by = owner.record.get("notebooks", {}).get(phase, {}).get("by")
        shared = "" if owner.path == experiment.path else f", shared with {owner.path.name}"
        echo(f"{phase}: {'as explored in Jupyter' if by == 'Jupyter' else 'up to date'}{shared}")
        return False
    edited = "" if experiment.notebook(phase) == notebooks.project(phase) else " the notebook as edited in this run"
    echo(f"{phase}: runs{edited}, because {because(reasons)}")
    try:
        execution.phase(experiment, phase, {**params, **spared}, force)
    except execution.PhaseFailed:
        report.index(Run(experiment.path), road.states(Run(experiment.path)))  # a verdict of before is out of date now
        raise
    return True


def _selected(only, start):
    chosen = [check_phase(p) for p in only] or list(PHASES)
    selected = [p for p in PHASES if p in chosen and (start is None or p >= check_phase(start))]
    if not selected:
        raise UserError(
            f"no phase of {', '.join(chosen)} comes from {start} on",
            "phases in order: " + ", ".join(PHASES),
            f"llmlab run RUN --from {start}",
        )
    return selected


def _complete(experiment, selected):
    """Refuses to start a phase whose forerunners exist neither here nor in a parent."""
    for needed in PHASES[: PHASES.index(selected[0])]:
        if experiment.done(needed) is None:
            parent = experiment.parent
            whose = f"nor has its parent {parent.path.name}" if parent else "and it has no parent"
            raise UserError(
                f"{experiment.path.name} has not finished {needed}, {whose}",
                f"{selected[0]} needs what it makes",
                f"llmlab run {parent.path}   (finish the parent first)" if parent else f"llmlab run {experiment.path}",
            )


def _writable(path):
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        free = shutil.disk_usage(next(p for p in (path, *path.parents) if p.exists())).free
        raise UserError(
            f"{path} cannot be written: {error.strerror}",
            f"a folder that you may write to; {free / 1e6:.0f} MB are free there",
            "llmlab run OTHER/FOLDER",
        ) from None
    if shutil.disk_usage(path).free < 300e6:
        raise UserError(
            f"{shutil.disk_usage(path).free / 1e6:.0f} MB are free for {path}",
            "a run needs about 300 MB",
            "free some space, or put the run on another disk",
        )


def compare(paths, out):
    """The page that compares runs; returns where it is."""
    runs, out = list(comparison.open_runs(paths).values()), Path(out)
    if out.is_dir():
        raise UserError(f"{out} is a folder", "the name of a page", f"llmlab compare RUN RUN -o {out}/compare.html")
    out.parent.mkdir(parents=True, exist_ok=True)
    execution.compare(runs, out)
    return out
