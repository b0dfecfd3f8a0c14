"""One notebook under papermill, and what is left of it when it fails."""

import json
import os
import shutil
import time

from llmlab.pages import report
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import write_text
from llmlab.spine.params import NOTEBOOKS, ROOT, shown
from llmlab.spine.track import PROGRESS_FILE
from llmlab.workflow.phase import STARTED

QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class PhaseFailed(Exception):
    """A cell failed: the phase, the cell, the error, and where the partial report is."""


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
            without_paths(out, runs, values)


def without_paths(notebook, runs, values):
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


def phase(experiment, phase, params):
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
