"""`llmlab lab`: working copies of the notebooks, with the run's parameters filled in, opened in JupyterLab."""

import os
import subprocess
import sys

from llmlab.spine import notebooks
from llmlab.spine.errors import UserError
from llmlab.spine.files import write_json
from llmlab.spine.params import PHASES, ROOT
from llmlab.spine.run import Run
from llmlab.workflow import road

# Nothing is asked of the network, and no news are shown.
SETTINGS = ("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",)
PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def prepare(run):
    """Makes or refreshes the working copies of a run; what somebody edited in them stays.

    Returns: {phase: path}. A copy that nobody edited follows the project's notebook, and shows the outputs of the phase if it has run.
    """
    planned, chosen, paths = road.plan(run), run.chosen(), {}
    run.record["overrides"] = run.told()
    for phase in PHASES:
        copy, origin, found = run.path / "notebooks" / f"{phase}.ipynb", run.notebook(phase), run.find(f"{phase}/notebook.ipynb")
        untouched = not copy.exists() or (not notebooks.edited(copy) and notebooks.mark(copy) != notebooks.mark(origin))
        if untouched or origin == run.path / phase / "notebook.ipynb":
            notebooks.write_copy(copy, origin, planned[phase], run.place if run.path.is_relative_to(ROOT) else str(run.path), found)
        else:
            notebooks.refill(copy, planned[phase])
        paths[phase] = copy
    if chosen or not (run.path / "run.json").exists():
        run.save()
    return paths


def command(run, *arguments, root=None):
    """What starts JupyterLab on the run's notebooks; its root is the project, or the run where that lies elsewhere, unless one is given."""
    root = root or (ROOT if run.path.is_relative_to(ROOT) else run.path)
    first = next((p for p in PHASES if run.done(p) is None), PHASES[0])
    page = (run.path / "notebooks" / f"{first}.ipynb").relative_to(root)
    here = [
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{page}",
        f"--LabServerApp.workspaces_dir={run.path / '.work' / 'lab'}",
    ]
    return [sys.executable, "-m", "jupyterlab", *SETTINGS, *here, *arguments]


def environment(run):
    """The environment JupyterLab starts in: one more place for settings, beside the user's own."""
    settings = run.path / ".work" / "lab"
    write_json(settings / "labconfig" / "page_config.json", PAGE)
    places = os.pathsep.join(filter(None, [str(settings), os.environ.get("JUPYTER_CONFIG_PATH")]))
    return {**os.environ, "JUPYTER_CONFIG_PATH": places, "JUPYTER_PREFER_ENV_PATH": "1", "TOKENIZERS_PARALLELISM": "false"}


def launch(path):
    """Prepares the copies and runs JupyterLab until it is stopped."""
    run = Run(path)
    if not run.path.parent.exists() and run.path.parent != ROOT / "runs":
        raise UserError(
            f"there is no folder {run.path.parent}", "a run lies in a folder that exists, such as runs/", f"mkdir -p {run.path.parent}"
        )
    prepare(run)
    print(
        f"llmlab: {run.place} opens in JupyterLab; what you edit in its notebooks belongs to this run. `llmlab run {run.place}` goes on with it."
    )
    subprocess.run(command(run), env=environment(run), check=False)
