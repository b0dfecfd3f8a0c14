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

from llmlab.spine.files import read_json
from llmlab.spine.params import ROOT
from llmlab.spine.run import Run
from llmlab.workflow import pipeline, road

LAST, OPENING, TRAIN, PARAMETERS = "phase.done(", "Phase(", "launch.step(", "run_dir ="
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


@pytest.fixture
def run(lab, smoke, request):
    """A run with phases 1 and 2, which the notebooks of phase 3 play on."""
    path = lab.folder / re.sub(r"\W", "", request.node.name)[5:40]
    path.mkdir()
    for phase in ("1_model_design", "2_dataset_engineering"):
        shutil.copytree(smoke / phase, path / phase)
    shutil.copy(smoke / "run.json", path / "run.json")
    Run(path).save()
    return path


def status(run):
    return road.status(run)[0]


def whole(run):
    """Nothing is lost: the phase is there with its pages, no page links to what is not there, and llmlab has nothing to do for it."""
    for name in ("phase.json", "notebook.ipynb", "report.html", "model/model.safetensors"):
        assert (run / THREE / name).exists(), name
    page = (run / "index.html").read_text()
    assert not [link for link in re.findall(r'href="([^"#]+)"', page) if not (run / link).exists()]
    assert status(run)[THREE] == []


def headless(lab, run, name, **params):
    """The same phase by `llmlab run`, on a run of its own with the same phases 1 and 2."""
    path = lab.folder / name / run.name
    shutil.copytree(run, path, ignore=shutil.ignore_patterns(THREE, "notebooks", ".work", "index.html"))
    Run(path).save()
    pipeline.run(path, [{THREE: {n: str(v) for n, v in params.items()}}], only=("3",), echo=lambda _: None)
    return path


def test_run_all_last_cell_twice_and_changed_parameters(lab, run):
    """One sitting: what a new user did within twenty minutes, and what lost work or made the record lie."""
    notebook = lab.phase(run, THREE)
    assert "plays on" not in notebook.said(OPENING)
    notebook.run_all()
    assert "This notebook plays on" in notebook.said(OPENING) and "took" in notebook.said(LAST)
    whole(run)
    like = headless(lab, run, "headless")
    for page in (f"{THREE}/report.html", "index.html"):
        assert timeless((run / page).read_text()) == timeless((like / page).read_text()), page
    assert records(run / THREE) == records(like / THREE)

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

    notebook.edit(PARAMETERS, "tokens_seen = 0", "tokens_seen = 8192")
    notebook.run(PARAMETERS)
    refused = notebook.run(LAST)
    assert "ran before something that they use was changed" in refused and "fix:     run cell [" in refused
    assert "summary = launch.step( (used tokens_seen)" in refused and str(ROOT) not in refused
    assert len(refused.splitlines()) == 3, "what is wrong, what exists instead, what fixes it; and no traceback"
    assert read_json(run / THREE / "phase.json")["params"]["tokens_seen"] == 0
    notebook.run(TRAIN)  # the opening cell is not run again
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
    notebook.edit(PARAMETERS, "learning_rate = 4e-3", "learning_rate = '1e-3'")  # chosen here, and as text
    notebook.run_all()
    whole(run)
    assert Run(run).told()[THREE]["learning_rate"] == 0.001
    notebook.shut()


def test_interrupted_restarted_and_left_alone(lab, run):
    """Interrupt, kernel restart and a closed browser in the middle of training: the same weights as undisturbed; a second kernel is told."""
    like = headless(lab, run, "undisturbed", tokens_seen=150_000)
    notebook = lab.phase(run, THREE)
    notebook.edit(PARAMETERS, "tokens_seen = 0", "tokens_seen = 150_000")
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


def test_papermill_leaves_what_the_others_leave(lab, run):
    """Plain papermill, from another folder, killed once in the middle of training: the same record and the same report."""
    like = headless(lab, run, "command", tokens_seen=60_000)
    command = ["papermill", ROOT / "notebooks/3_pretraining.ipynb", lab.folder / "out.ipynb", "-k", "python3", "-p", "run_dir", run]
    command = [sys.executable, "-m", *map(str, command), "-p", "tokens_seen", "60000"]
    environment = {k: v for k, v in os.environ.items() if k != "LLMLAB_PROGRESS"}
    first = subprocess.Popen(
        command, cwd=lab.folder, start_new_session=True, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    until(lambda: newest(run))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    time.sleep(1)  # its kernel notices that its parent is gone
    done = subprocess.run(command, cwd=lab.folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    whole(run)
    assert records(run / THREE) == records(like / THREE)
    assert timeless((run / THREE / "report.html").read_text()) == timeless((like / THREE / "report.html").read_text())


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
