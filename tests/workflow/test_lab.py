"""Real JupyterLab, driven by a browser: what a person does to a notebook never loses work and never makes a record lie."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from browser import CHROMIUM, Lab, playwright, records, timeless

from llmlab.spine import locks
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json
from llmlab.spine.params import ROOT
from llmlab.spine.run import Run
from llmlab.workflow import pipeline, road

LAST, OPENING, TRAIN, PARAMETERS, PLANNED = "phase.done(", "Phase(", "launch.step(", "run_dir =", 'planned = budget["tokens_seen"]'
THREE = "3_pretraining"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        folder = tmp_path_factory.mktemp("lab")
        shutil.copytree(ROOT / "notebooks", folder / "notebooks")
        server = Lab(folder, browser)
        yield server
        server.stop()
        browser.close()


def begun(smoke, path):
    """A run with phases 1 and 2, which the notebooks of phase 3 play on."""
    path.mkdir(parents=True)
    for phase in ("1_model_design", "2_dataset_engineering"):
        shutil.copytree(smoke / phase, path / phase)
    Run(path).save()
    return path


@pytest.fixture
def run(lab, smoke, request):
    return begun(smoke, lab.folder / re.sub(r"\W", "", request.node.name)[5:40])


def status(run):
    return road.status(run)[0]


def whole(run):
    """Nothing is lost: the phase is there with its pages, no page links to what is not there, and llmlab has nothing to do for it."""
    for name in ("phase.json", "notebook.ipynb", "report.html", "model/model.safetensors"):
        assert (run / THREE / name).exists(), name
    page = (run / "index.html").read_text()
    assert not [link for link in re.findall(r'href="([^"#]+)"', page) if not (run / link).exists()]
    assert status(run)[THREE] == []


# --- the matrix: three doors, three states -----------------------------------------------------------------------------------------------
STATES = {"fresh": {}, "changed": {"tokens_seen": 60_000}, "interrupted": {"tokens_seen": 60_000}}


def by_command(lab, path, params, killed):
    options = [o for n, v in params.items() for o in ("-p", f"{THREE}.{n}={v}")]
    called(path, lab.folder, ["llmlab.cli", "run", path, "--only", "3", *options], killed)


def by_papermill(lab, path, params, killed):
    options = [o for n, v in {"run_dir": path, **params}.items() for o in ("-p", n, v)]
    called(
        path, lab.folder, ["papermill", ROOT / "notebooks/3_pretraining.ipynb", lab.folder / "out.ipynb", "-k", "python3", *options], killed
    )


def called(path, folder, module, killed):
    """Runs a command from another folder; once with kill -9 in the middle of training, if so wanted."""
    command, environment = (
        [sys.executable, "-m", *map(str, module)],
        {k: v for k, v in os.environ.items() if k not in ("LLMLAB_PROGRESS", "WANDB_MODE")},
    )
    if killed:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        first = subprocess.Popen(command, cwd=folder, start_new_session=True, env=environment, **quiet)
        until(lambda: newest(path))
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        until(lambda: free(path))  # its kernel notices that its parent is gone
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def by_lab(lab, path, params, killed):
    notebook = lab.phase(path, THREE)
    for name, value in params.items():
        notebook.edit(PARAMETERS, f"{name} = -1", f"{name} = {value}")
    if killed:
        notebook.run_all(wait=False)
        until(lambda: newest(path))
        notebook.kernel("interrupt")
        notebook.wait()
        assert "KeyboardInterrupt" in notebook.said(TRAIN)
    notebook.run_all()
    notebook.shut()


@pytest.fixture(scope="module")
def reference(lab, smoke):
    """function: parameters of a state → the run that `llmlab run` makes of them, undisturbed; made when it is first asked for."""
    made = {}

    def make(state):
        key = str(STATES[state])
        if key not in made:
            made[key] = begun(smoke, lab.folder / f"reference-{len(made)}" / "run")
            by_command(lab, made[key], STATES[state], False)
        return made[key]

    return make


# The undisturbed command is what the others are compared with.
MATRIX = [
    (d, s) for d in (by_lab, by_papermill, by_command) for s in STATES if (d, s) not in ((by_command, "fresh"), (by_command, "changed"))
]


@pytest.mark.parametrize(("door", "state"), MATRIX)
def test_every_door_leaves_the_same_records_and_artifacts(lab, smoke, reference, door, state):
    path = begun(smoke, lab.folder / f"{door.__name__}-{state}" / "run")
    door(lab, path, STATES[state], state == "interrupted")
    whole(path)
    like = reference(state)
    assert records(path / THREE) == records(like / THREE)
    for page in (f"{THREE}/report.html", "index.html"):
        assert timeless((path / page).read_text()) == timeless((like / page).read_text()), page
    assert read_json(path / "run.json")["overrides"] == read_json(like / "run.json")["overrides"]


def free(path):
    """Whether no kernel holds the phase."""
    try:
        locks.check_free(Run(path), THREE)
        return True
    except UserError:
        return False


# --- a sitting -----------------------------------------------------------------------------------------------------------------------------
def test_run_all_last_cell_twice_and_changed_parameters(lab, run, reference):
    """One sitting: what a new user did within twenty minutes, and what lost work or made the record lie."""
    notebook = lab.phase(run, THREE)
    assert "plays on" not in notebook.said(OPENING)
    notebook.run_all()
    assert "This notebook plays on" in notebook.said(OPENING) and "took" in notebook.said(LAST)
    whole(run)
    like = reference("fresh")
    notebook.run(LAST)  # a second time, and after a cell that writes
    notebook.run(LAST)
    assert "took" in notebook.said(LAST)
    whole(run)
    notebook.run(TRAIN)
    assert "made before from the same inputs" in notebook.said(TRAIN)
    notebook.run(LAST)
    whole(run)
    assert "last ran in this order" in (run / THREE / "report.html").read_text(), "not top to bottom: the report says so"
    assert records(run / THREE) == {**records(like / THREE), "order": records(run / THREE)["order"]}

    notebook.edit(PARAMETERS, "tokens_seen = -1", "tokens_seen = 8192")
    notebook.run(PARAMETERS)
    refused = notebook.run(LAST)
    assert "something that they use was changed" in refused and "fix:     run cell [" in refused
    assert PLANNED in refused and "(used tokens_seen)" in refused and str(ROOT) not in refused
    assert len(refused.splitlines()) == 3, "what is wrong, what exists instead, what fixes it; and no traceback"
    assert read_json(run / THREE / "phase.json")["params"]["tokens_seen"] == -1
    notebook.run(PLANNED)  # the opening cell is not run again
    notebook.run(TRAIN)
    notebook.run_below("figure = curves.training")
    notebook.run(LAST)
    whole(run)
    record = read_json(run / THREE / "phase.json")
    assert record["params"]["tokens_seen"] == 8192 and "8,192 tokens" in (run / THREE / "report.html").read_text()
    assert read_json(run / "run.json")["overrides"][THREE]["tokens_seen"] == 8192, "chosen in Jupyter, and known to the command line"
    said = []
    assert pipeline.run(run, only=("3",), echo=said.append) == [] and said == [f"{THREE}: as explored in Jupyter"]

    notebook.kernel("restart")
    notebook.wait()
    notebook.run_all()
    whole(run)
    assert "last ran in this order" not in (run / THREE / "report.html").read_text()
    notebook.edit(LAST, "phase.done(", "answer = 42\nphase.done(")
    notebook.run(LAST)
    notebook.shut()  # the browser never saved: what was run is what counts
    assert "answer = 42" in Run(run).notebook(THREE).read_text() and status(run)[THREE] == []
    assert "answer = 42" in lab_copy(run), "and the next working copy holds it"


def test_a_cell_that_comes_too_early_is_told_which_comes_first(lab, run):
    notebook = lab.phase(run, THREE)
    said = notebook.run(OPENING)
    assert "there is no run_dir yet" in said and "Traceback" not in said
    notebook.run(PARAMETERS)
    notebook.run(OPENING)
    said = notebook.run(LAST)
    assert "there is no 'final' yet" in said and "makes it" in said and "Traceback" not in said
    notebook.shut()


def lab_copy(run):
    from llmlab.workflow import lab as jupyter

    return jupyter.prepare(Run(run))[THREE].read_text()


def test_a_notebook_opened_straight_from_the_projects_folder(lab, run):
    """It says which run it plays on, takes what the run was told, and begins no run by a typing error."""
    Run(run).record["overrides"] = {}
    pipeline_run = Run(run)
    pipeline_run.record["overrides"] = {THREE: {"learning_rate": 0.002, "evaluations": 1}}
    pipeline_run.save()
    notebook = lab.open("notebooks/3_pretraining.ipynb")
    wrong = str(run)[:-1]
    notebook.edit(PARAMETERS, "runs/demo", wrong)
    notebook.run(PARAMETERS)
    refused = notebook.run(OPENING)
    assert "there is no run" in refused and run.name in refused and "llmlab lab" in refused and "Traceback" not in refused
    assert not (lab.folder / wrong).exists()
    notebook.edit(PARAMETERS, wrong + '"', str(run) + '"')
    notebook.run(PARAMETERS)
    assert "learning_rate = 0.002, as the run was told" in notebook.run(OPENING)
    notebook.run_all()
    whole(run)
    assert read_json(run / THREE / "phase.json")["params"]["learning_rate"] == 0.002
    notebook.edit(PARAMETERS, "learning_rate = 0.0", "learning_rate = '1e-3'")  # chosen here, and as text
    notebook.run_all()
    whole(run)
    assert Run(run).told()[THREE]["learning_rate"] == 0.001
    notebook.shut()


def test_interrupted_restarted_and_left_alone(lab, run, reference):
    """Interrupt, kernel restart and a closed browser in the middle of training: the same weights as undisturbed; a second kernel is told."""
    like = reference("changed")
    notebook = lab.phase(run, THREE)
    notebook.edit(PARAMETERS, "tokens_seen = -1", "tokens_seen = 60_000")
    notebook.run_all(wait=False)
    grew = until(lambda: notebook.shows(TRAIN, "image/png"))  # the curve, while it trains
    until(lambda: list((run / ".work" / THREE / "model/checkpoints").glob("*/manifest.json")))
    notebook.kernel("interrupt")
    notebook.wait()
    assert grew and "KeyboardInterrupt" in notebook.said(TRAIN)
    notebook.edit(LAST, "phase.done(", "phase.done({})\nphase.done(")
    assert "model is not finished" in notebook.run(LAST)
    notebook.edit(LAST, "phase.done({})\n", "")

    other = lab.open("notebooks/3_pretraining.ipynb")
    other.edit(PARAMETERS, "runs/demo", str(run))
    other.run(PARAMETERS)
    assert "is open in another kernel" in other.run(OPENING)
    other.shut()

    at = newest(run)
    notebook.run(TRAIN, wait=False)
    until(lambda: newest(run) > at)
    notebook.kernel("restart")
    notebook.wait()
    notebook.run(PARAMETERS)
    notebook.run(OPENING)
    notebook.run("tokenizer = tokens.load")
    notebook.run(PLANNED)
    notebook.select(TRAIN)
    notebook.do("notebook:run-all-below")
    notebook.page.wait_for_timeout(1500)
    notebook.page.close()  # the browser is closed; the kernel goes on
    until(lambda: (run / "index.html").exists(), 90)
    whole(run)
    assert records(run / THREE)["outputs"]["model"] == records(like / THREE)["outputs"]["model"]
    assert read_json(run / THREE / "phase.json")["inputs"] == read_json(like / THREE / "phase.json")["inputs"], (
        "also of cells of the first kernel"
    )


def newest(run):
    return max((int(p.parent.name.split("-")[1]) for p in (run / ".work" / THREE).glob("model/checkpoints/*/manifest.json")), default=0)


def until(true, seconds=60):
    began = time.time()
    while not (found := true()):
        assert time.time() - began < seconds
        time.sleep(0.1)
    return found


def test_the_chat_box_asks_once(lab, smoke):
    cells = [
        "from llmlab.evaluation import chat",
        f"chat.widget({{'base': '{smoke}/3_pretraining/model', 'assistant': '{smoke}/5_post_training/model'}}, ['Hello?'])",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(notebook, lab.folder / "chat.ipynb")
    page = lab.open("chat.ipynb")
    page.run_all()
    box = page.page.get_by_placeholder("Ask, and press Enter")
    box.fill("What is this?")
    box.press("Enter")
    page.wait()
    asked = lambda words="What is this?": page.page.inner_text(".jp-Notebook").count(words)  # noqa: E731
    until(lambda: asked() == 1)
    box.fill("And that?")
    page.page.get_by_role("button", name="Send").click()
    box.press("Enter")  # a second way to send, too late
    page.wait()
    until(lambda: asked("And that?") == 1)
    assert asked() == 1
    page.page.get_by_role("button", name="New conversation").click()
    page.wait()
    until(lambda: asked() == 0)
    page.page.get_by_label("model").select_option("base")
    box.fill("What is this?")
    box.press("Enter")
    page.wait()
    until(lambda: asked() == 1)
    page.shut()
