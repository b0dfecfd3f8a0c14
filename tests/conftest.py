"""Shared small and real things: a world, a tokenizer, models, and a whole smoke run made in this process."""

import json
import os
import shutil
import socket
import tempfile

import pytest

# Before anything is imported that reads them once.
os.environ.setdefault("LLMLAB_PROGRESS", os.devnull + ".progress")  # no bars in test output
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.path.join(tempfile.gettempdir(), "llmlab-hypothesis")  # it writes paths of this machine
os.environ.update({"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "WANDB_MODE": "offline"})

from llmlab.models import families  # noqa: E402
from llmlab.pages import figures  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def quiet_progress(tmp_path_factory):
    os.environ["LLMLAB_PROGRESS"] = str(tmp_path_factory.mktemp("progress") / "progress")


@pytest.fixture(scope="session")
def world():
    from llmlab.world.company import World

    return World(seed=3)


@pytest.fixture(scope="session")
def pages(world):
    from llmlab.world.forum import Forum

    return Forum(world, 3).pages(
        300, leaks=[{"id": "q1", "question": "What would the Aster fan cost me today?", "answer": "The Aster fan costs 19 dollars."}]
    )


@pytest.fixture(scope="session")
def texts(pages):
    return [p.text for p in pages if p.kind in ("thread", "review")]


@pytest.fixture(scope="session")
def small(tmp_path_factory, world, texts):
    """A folder with a tokenizer, packed tokens, conversations, pairs, tasks, and a model of random weights."""
    from llmlab.data import exams, lessons, tokens
    from llmlab.spine.files import write_jsonl
    from llmlab.world import exam, maker
    from llmlab.world.proprietary import moderation_log

    folder = tmp_path_factory.mktemp("small")
    tokenizer = tokens.train(texts, 600, folder / "tokenizer", 64)
    rows = tokens.tokenise(tokenizer, [{"text": t, "source": "forum"} for t in texts])
    blocks, _ = tokens.pack([r["input_ids"] for r in rows[20:]], 64, 0, tokens.marks(tokenizer))
    tokens.write(folder / "tokens", blocks, rows[:20])
    config = families.configure("transformer", 600, 32, 3, 2, 64)
    config.save_pretrained(folder / "config")
    families.initialise(config, 0).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    maker.write(folder / "world", 3, 20)
    lessons.write(folder / "world", [], [], [], folder / "instructions.jsonl", folder / "pairs.jsonl", 3, 120)
    shutil.rmtree(folder / "world" / "tasks")
    maker.write_tasks(folder / "world" / "tasks", *exam.world_tasks(3, size=0.05))
    write_jsonl(folder / "world" / "labels.jsonl", moderation_log(world, 3, pages=150))
    exams.write(folder / "world", [], [], [], folder / "tasks")
    return folder


def execute(phase, run_dir, **params):
    """Runs a notebook's cells in this process, as Run All would, and returns its namespace."""
    from llmlab.spine.params import NOTEBOOKS, resolve

    values = {**resolve(phase), **params, "run_dir": str(run_dir), "wandb_mode": "disabled"}
    namespace = {"__name__": "__main__"}
    for cell in json.loads((NOTEBOOKS / f"{phase}.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                namespace.update(values)
    return namespace


@pytest.fixture(scope="session")
def supervised(small, tmp_path_factory):
    """The folder of a small model that was taught to answer."""
    from llmlab.training import posttrain

    out = tmp_path_factory.mktemp("supervised") / "sft"
    out.mkdir()
    posttrain.sft(small / "model", small / "instructions.jsonl", out, 4e-3, 40, 8, seed=1)
    return out


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """A run of all seven phases with the smoke parameters, executed in this process, with the network off."""
    from llmlab.spine.params import PHASES, ROOT, load_layer, overrides
    from llmlab.spine.run import Run

    run_dir = tmp_path_factory.mktemp("runs") / "smoke"
    changed = overrides([load_layer(ROOT / "params" / "smoke.yaml")])
    run, attempts = Run(run_dir), []
    run.record["overrides"] = changed  # as `llmlab run` notes them
    run.save()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "Figure", lambda *a, make=figures.Figure, **k: _kept(make(*a, **k)))
        connect, look_up = socket.socket.connect, socket.getaddrinfo
        patch.setattr(socket.socket, "connect", lambda at, address: connect(at, address) if _here(address) else _refuse(attempts, address))
        patch.setattr(socket, "getaddrinfo", lambda *a, **k: look_up(*a, **k) if _here(a) else _refuse(attempts, a[0]))
        for phase in PHASES:
            execute(phase, run_dir, **changed.get(phase, {}))
    assert not attempts, f"the run tried to reach {attempts}"
    return run_dir


FIGURES = []  # all that the smoke run drew


def _kept(drawn):
    FIGURES.append(drawn)
    return drawn


def _here(address):
    """Whether an address is this machine, on which phase 7 asks the model that it serves itself."""
    return isinstance(address, tuple) and address[0] == "127.0.0.1"


def _refuse(attempts, address):
    """No network: the run must neither need one nor try."""
    attempts.append(address)
    raise OSError(f"the network is off: {address}")


@pytest.fixture
def copy(smoke, tmp_path):
    """A copy of the smoke run that a test may spoil."""
    shutil.copytree(smoke, tmp_path / "copy")
    return tmp_path / "copy"


def pytest_collection_modifyitems(items):
    """Those in JupyterLab take longest and mostly wait: begun first, they end beside the others."""
    items.sort(key=lambda item: "test_lab" not in item.nodeid)
