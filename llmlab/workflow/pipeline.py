"""Which phases are missing or stale, and why; papermill over them; the closing table."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from llmlab.pages import report
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES, ROOT, check_phase, overrides, resolve
from llmlab.spine.run import Run, existing
from llmlab.workflow import execution, preflight


def run(path, layers=(), parent=None, only=(), start=None, force=False, echo=print):
    """Executes what is missing or stale of a run, in order, and says why.

    Args:
        path: run directory.
        layers: parameter sections, later ones winning, on top of those the run was given before.
        parent: run that supplies what this one does not make.
        only: phases to consider; `start`: the first phase to consider.
        force: run them even if nothing changed.

    Returns: the phases that were executed. Raises UserError before any kernel starts, execution.PhaseFailed when a cell fails.
    """
    experiment = Run(path, parent)
    changed = _merged(experiment, layers)
    selected = _selected(only, start)
    plan = _plan(changed)
    for phase in selected:
        preflight.check(phase, plan[phase])
    preflight.together(plan)
    _complete(experiment, selected)
    if experiment.parent and (missing := [p for p in selected if experiment.parent.done(p) is None]):
        echo(f"{experiment.parent.path.name}, the parent, has not finished {', '.join(missing)}: this run makes what it needs itself")
    _writable(experiment.path)
    executed = []
    with _lock(experiment.path):
        experiment.record["overrides"] = changed
        experiment.save()
        for phase in PHASES:
            if phase not in selected:
                continue
            reasons = ["--force"] if force else experiment.stale(phase, plan[phase])
            if not reasons:
                owner = experiment.owner(phase)
                echo(f"{phase}: up to date" + ("" if owner.path == experiment.path else f", shared with {owner.path.name}"))
                continue
            echo(f"{phase}: runs, because {'; '.join(reasons[:3])}{f' and {len(reasons) - 3} more' if len(reasons) > 3 else ''}")
            try:
                execution.phase(experiment, phase, plan[phase])
            except execution.PhaseFailed:
                report.index(experiment, states(experiment, plan))  # a verdict of before is out of date now
                raise
            executed.append(phase)
            report.index(experiment, states(experiment, plan))
        _finish(experiment, plan, executed)
    return executed


def status(path):
    """{phase: reasons it would run}, for the parameters the run was given; [] means up to date."""
    experiment = existing(path)
    return states(experiment, _plan(_merged(experiment, ())))


def states(experiment, plan):
    return {phase: experiment.stale(phase, plan[phase]) for phase in PHASES}


def _plan(changed):
    """All parameters of every phase, with what the layers change."""
    return {phase: resolve(phase, changed.get(phase)) for phase in PHASES}


def _merged(experiment, layers):
    """The overrides of the parent, then of this run, then the new ones."""
    inherited = experiment.parent.record["overrides"] if experiment.parent else {}
    return overrides([inherited, experiment.record["overrides"], *layers])


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


@contextlib.contextmanager
def _lock(path):
    """One `llmlab run` at a time per run; the lock goes with the process, so a kill leaves none behind."""
    with open(path / ".lock", "a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            raise UserError(
                f"another llmlab (process {stream.read().strip() or '?'}) is working on {path.name}",
                "one at a time",
                "wait for it, or use another run: llmlab run NEW_NAME --parent " + path.name,
            ) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _finish(experiment, plan, executed):
    """Every report links to all others, so all are drawn again when one is new; a kill may also have left one undrawn."""
    now = states(experiment, plan)
    for phase in PHASES:
        folder = experiment.path / phase
        left = experiment.path / ".work" / f"{phase}.ipynb"
        if (folder / "phase.json").exists() and (executed or not (folder / "report.html").exists()):
            if (
                not (folder / "notebook.ipynb").exists()
                and left.exists()
                and left.stat().st_mtime > read_json(folder / "phase.json").get("started", 0)
            ):
                if execution.without_paths(left, [experiment], plan[phase]):
                    shutil.move(left, folder / "notebook.ipynb")
            if (folder / "notebook.ipynb").exists():
                report.phase_report(experiment, phase)
    report.index(experiment, now)


def costs(path):
    """Rows for the closing table: what each phase cost, and how much of it was learning."""
    records = {p: record for p in PHASES if (record := Run(path).done(p))}
    return [{"phase": p, **{k: r[k] for k in ("seconds", "learning_seconds", "peak_memory_mb")}} for p, r in records.items()]


def compare(paths, out):
    """papermill over notebooks/compare.ipynb; returns where the report is."""
    from llmlab.evaluation import compare as comparison

    runs, out = list(comparison.open_runs(paths).values()), Path(out)
    if out.is_dir():
        raise UserError(f"{out} is a folder", "the name of a page", f"llmlab compare RUN RUN -o {out}/compare.html")
    out.parent.mkdir(parents=True, exist_ok=True)
    notebook = out.with_suffix(".ipynb")
    execution.execute("compare", notebook, {"runs": [os.path.relpath(r.path, ROOT) for r in runs]}, runs)
    report.render(notebook, out, runs[0], "compare")
    return out
