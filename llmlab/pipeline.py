"""Which phases are missing or stale, and why; papermill over them; the closing table."""

import contextlib
import fcntl
import json
import os
import shutil
import time

from llmlab import preflight, report, track
from llmlab.errors import UserError
from llmlab.params import NOTEBOOKS, PHASES, ROOT, check_phase, overrides, resolve, shown
from llmlab.phase import STARTED
from llmlab.run import Run, existing, read_json, write_text
from llmlab.track import PROGRESS_FILE

QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class PhaseFailed(Exception):
    """A cell failed: the phase, the cell, the error, and where the partial report is."""


def run(path, layers=(), parent=None, only=(), start=None, force=False, echo=print):
    """Executes what is missing or stale of a run, in order, and says why.

    Args:
        path: run directory.
        layers: parameter sections, later ones winning, on top of those the run was given before.
        parent: run that supplies what this one does not make.
        only: phases to consider; `start`: the first phase to consider.
        force: run them even if nothing changed.

    Returns: the phases that were executed. Raises UserError before any kernel starts, PhaseFailed when a cell fails.
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
                _execute(experiment, phase, plan[phase])
            except PhaseFailed:
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


# --- one notebook ---------------------------------------------------------------------------------------------------------------------------
def execute(notebook, out, values, runs):
    """papermill over a notebook, in the project's root; `out` then holds no path of this machine.

    Args:
        notebook: its name, e.g. "3_pretraining".
        out: where the executed notebook goes.
        values: its parameters.
        runs: the runs it works on, whose paths become their names.
    """
    import logging

    import papermill
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ.update({k: os.environ.get(k, v) for k, v in QUIET.items()})
    wanted = "0" if str(values.get("source", "")).startswith("hub:") else "1"  # nothing but a source on the hub needs the network
    os.environ.update({"HF_HUB_OFFLINE": wanted, "HF_DATASETS_OFFLINE": wanted})
    try:
        papermill.execute_notebook(
            NOTEBOOKS / f"{notebook}.ipynb",
            out,
            parameters=values,
            kernel_name="python3",
            cwd=ROOT,
            progress_bar=False,
            log_output=False,
            autosave_cell_every=30,
            iopub_timeout=180,
            coalesce_streams=True,
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
    finally:
        if out.exists():
            _without_paths(out, runs, values)


def _without_paths(notebook, runs, values):
    """papermill notes where things lie on this machine, which is nobody's business. True if there is a notebook left."""
    try:
        content = json.loads(notebook.read_text())
    except ValueError:  # papermill was cut off while it wrote
        notebook.unlink()
        return False
    content["metadata"].pop("papermill", None)
    for cell in content["cells"]:
        cell["metadata"].pop("papermill", None)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    for run in runs:
        relative = os.path.relpath(run.path, ROOT)
        for place in (str(run.path), *([relative] if relative.startswith("..") else [])):
            text = text.replace(place, run.path.name)
    for value in values.values():
        text = text.replace(value, shown(value)) if shown(value) != value else text
    try:
        write_text(notebook, report.check_secrets(text.replace(str(ROOT), "."), notebook))
    except UserError:
        notebook.unlink()
        raise
    return True


def _execute(experiment, phase, params):
    """One phase: its notebook, then its report. The executed notebook stays in .work until the phase is published."""
    from papermill.exceptions import PapermillExecutionError

    work, started = experiment.path / ".work", time.time()
    work.mkdir(exist_ok=True)
    executed, progress = work / f"{phase}.ipynb", work / f"{phase}.progress"
    os.environ.update({PROGRESS_FILE: str(progress), STARTED: str(started)})
    with track.drawn(progress, phase):
        try:
            execute(phase, executed, {**params, "run_dir": os.path.relpath(experiment.path, ROOT)}, [experiment])
        except PapermillExecutionError as error:
            _check_room(experiment.path)
            partial = report.preview(experiment, phase, executed, params)
            message = error.evalue.splitlines() or [error.ename]
            raise PhaseFailed(
                f"{phase} failed in cell {error.exec_count}: {error.ename}: "
                + "\n".join(message)
                + f"\n  partial report: {partial}\n  go on after mending: llmlab run {experiment.path}"
            ) from None
        except UserError:
            raise
        except Exception as error:  # the kernel died, or never started: papermill's own status cannot be trusted here
            _check_room(experiment.path)
            raise PhaseFailed(
                f"{phase} failed: {type(error).__name__}: {str(error)[:300]}\n  go on: llmlab run {experiment.path}"
            ) from error
        finally:
            for name in (PROGRESS_FILE, STARTED):
                os.environ.pop(name, None)
            progress.unlink(missing_ok=True)
            track.tidy(experiment.path)
    published = experiment.path / phase / "phase.json"
    if not published.exists() or published.stat().st_mtime < started:
        raise PhaseFailed(f"{phase} ended without phase.done(...)\n  notebook: {executed}\n  its last cell must publish the phase")
    shutil.move(executed, experiment.path / phase / "notebook.ipynb")
    executed.with_suffix(".html").unlink(missing_ok=True)  # the partial report of an attempt that failed
    report.phase_report(experiment, phase)


def _check_room(path):
    """A full disk shows in many ways; whatever failed, this is the cause to name."""
    free = shutil.disk_usage(path).free
    if free < 5e6:
        raise UserError(
            f"the disk of {path} is full", f"{free / 1e6:.0f} MB are free", f"free some space; what is finished stays: llmlab run {path}"
        )


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
                if _without_paths(left, [experiment], plan[phase]):
                    shutil.move(left, folder / "notebook.ipynb")
            if (folder / "notebook.ipynb").exists():
                report.phase_report(experiment, phase)
    report.index(experiment, now)


def costs(path):
    """Rows for the closing table: what each phase cost, and how much of it was learning."""
    records = {p: record for p in PHASES if (record := Run(path).done(p))}
    return [{"phase": p, **{k: r[k] for k in ("seconds", "learning_seconds", "peak_memory_mb")}} for p, r in records.items()]
