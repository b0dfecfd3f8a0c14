"""One notebook under papermill, and what is left of it when it fails."""

import json
import logging
import os
import shutil
import time

from llmlab.pages import report
from llmlab.spine import locks, notebooks, privacy, track
from llmlab.spine.errors import Diverged, UserError
from llmlab.spine.files import read_json, write_text
from llmlab.spine.params import ROOT
from llmlab.spine.track import PROGRESS_FILE
from llmlab.workflow.phase import FRESH, NOTEBOOK, STARTED

QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class PhaseFailed(Exception):
    """A cell failed: the phase, the cell, the error, and where the partial report is.

    Args:
        kind: name of the error's class in the kernel, "" if the kernel itself failed.
    """

    def __init__(self, said, kind=""):
        super().__init__(said)
        self.ran_away = kind == Diverged.__name__


def needs_hub(values):
    """Whether a parameter, or one of a list of them, names something on the hub: nothing else of a phase needs the network."""
    named = [text for value in values.values() for text in (value if isinstance(value, list) else [value])]
    return any(isinstance(text, str) and text.strip().startswith("hub:") for text in named)


def execute(notebook, out, values, runs):
    """papermill over a notebook, in the project's root; `out` then holds no path of this machine.

    Args:
        notebook: its path.
        out: where the executed notebook goes.
        values: its parameters.
        runs: the runs it works on, whose paths become their names.
    """
    import papermill
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ.update({k: os.environ.get(k, v) for k, v in QUIET.items()})
    shut = "0" if needs_hub(values) else "1"
    os.environ.update({"HF_HUB_OFFLINE": shut, "HF_DATASETS_OFFLINE": shut})
    try:
        papermill.execute_notebook(
            notebook,
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
    """papermill notes where things lie on this machine, which is nobody's business. A notebook that was cut off, or holds a secret, goes."""
    try:
        content = json.loads(notebook.read_text())
    except ValueError:  # papermill was cut off while it wrote
        notebook.unlink()
        return
    content["metadata"].pop("papermill", None)
    for cell in content["cells"]:
        cell["metadata"].pop("papermill", None)
    text = privacy.anonymous(json.dumps(content, indent=1, ensure_ascii=False), runs, values)
    try:
        write_text(notebook, privacy.check_secrets(text, notebook))
    except UserError:
        notebook.unlink()
        raise


def phase(experiment, name, params, force=False):
    """Executes one phase. Its kernel publishes it and draws its report, as it does in Jupyter.

    Raises: PhaseFailed if a cell fails or the kernel dies, UserError for a full disk, a secret, or a phase that is open elsewhere.
    """
    from papermill.exceptions import PapermillExecutionError

    locks.check_free(experiment, name)
    work, started, notebook = experiment.path / ".work", time.time(), experiment.notebook(name)
    work.mkdir(exist_ok=True)
    executed, progress = work / f"{name}.papermill.ipynb", work / f"{name}.progress"
    told = {PROGRESS_FILE: str(progress), STARTED: str(started), NOTEBOOK: str(notebook), **({FRESH: "1"} if force else {})}
    os.environ.update(told)
    with track.drawn(progress, name):
        try:
            execute(notebook, executed, {**params, "run_dir": os.path.relpath(experiment.path, ROOT)}, [experiment])
        except PapermillExecutionError as error:
            _check_room(experiment.path)
            partial = work / f"{name}.html"
            report.render(executed, partial, experiment, name, params)
            message = error.evalue.splitlines() or [error.ename]
            raise PhaseFailed(
                f"{name} failed in cell {error.exec_count}: {error.ename}: "
                + "\n".join(message)
                + f"\n  partial report: {partial}\n  go on after mending: llmlab run {experiment.path}",
                error.ename,
            ) from None
        except UserError:
            raise
        except Exception as error:  # the kernel died, or never started: papermill's own status cannot be trusted here
            _check_room(experiment.path)
            raise PhaseFailed(
                f"{name} failed: {type(error).__name__}: {str(error)[:300]}\n  go on: llmlab run {experiment.path}"
            ) from error
        finally:
            for variable in told:
                os.environ.pop(variable, None)
            progress.unlink(missing_ok=True)
            track.tidy(experiment.path)
    record = experiment.path / name / "phase.json"
    if not record.exists() or read_json(record)["started"] < round(started, 3):
        raise PhaseFailed(f"{name} ended without phase.done(...)\n  notebook: {executed}\n  its last cell must publish the phase")
    executed.unlink()
    (work / f"{name}.html").unlink(missing_ok=True)  # the partial report of an attempt that failed


def _check_room(path):
    """A full disk shows in many ways; whatever failed, this is the cause to name."""
    free = shutil.disk_usage(path).free
    if free < 5e6:
        raise UserError(
            f"the disk of {path} is full", f"{free / 1e6:.0f} MB are free", f"free some space; what is finished stays: llmlab run {path}"
        )


def compare(runs, out):
    """papermill over notebooks/compare.ipynb and its page.

    Args:
        runs: those to compare; out: where the page goes.
    """
    notebook = out.with_suffix(".ipynb")
    execute(notebooks.project("compare"), notebook, {"runs": [os.path.relpath(r.path, ROOT) for r in runs]}, runs)
    report.render(notebook, out, runs[0], "compare")


def ledger(run, path):
    """papermill over notebooks/ledger.ipynb and its page, beside the ledger; returns where it is.

    Args:
        run: whose trials are among them; path: of the ledger.
    """
    notebook, out = path.with_suffix(".ipynb"), path.with_suffix(".html")
    execute(notebooks.project("ledger"), notebook, {"ledger": os.path.relpath(path, ROOT)}, [run])
    report.render(notebook, out, run, "ledger")
    return out
