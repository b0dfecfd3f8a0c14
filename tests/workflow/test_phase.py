"""Opening, writing and publishing a phase, in any order and any number of times; and what notebook, command line and record agree on."""

import json
import shutil

import pytest

from llmlab.spine import locks, notebooks
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES, fill, parse_parameters
from llmlab.spine.run import Run
from llmlab.workflow import lab, names, pipeline, publication, road
from llmlab.workflow.phase import Phase

FOUR = "4_preliminary_evaluation"


def opened(run_dir, **params):
    return Phase(FOUR, {"run_dir": run_dir, "wandb_mode": "disabled", **params})


def made(phase, score):
    [phase.json(f"{name}.json", {"score": score}) for name in ("results", "findings")]
    phase.write("scores").mkdir(exist_ok=True)
    phase.write("scores/samples.jsonl").write_text(str(score))
    return phase


@pytest.fixture
def run(tmp_path):
    Run(tmp_path / "run").save()
    return tmp_path / "run"


def edit(path, words, new):
    """What somebody saves in JupyterLab."""
    path.write_text(path.read_text().replace(words, new))


def test_publishing_again_replaces_and_a_kill_in_between_loses_nothing(run, monkeypatch):
    made(opened(run), 1).done({})
    made(opened(run), 2).done({})
    assert read_json(run / FOUR / "results.json") == {"score": 2} and not list((run / ".work").glob("*.old"))
    third = made(opened(run), 3)
    real = publication.os.rename
    monkeypatch.setattr(publication.os, "rename", lambda a, b: real(a, b) if b != run / FOUR else (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        third.done({})
    monkeypatch.undo()
    assert read_json(Run(run)[f"{FOUR}/results.json"]) == {"score": 2}, "the former one is back"


def test_parameters_are_read_when_they_are_needed(run):
    phase = made(opened(run, limit=400), 1)
    phase.namespace["limit"] = "60"  # as somebody types into a cell
    phase.done({})
    assert read_json(run / FOUR / "phase.json")["params"]["limit"] == 60
    phase.namespace["limit"] = -1
    with pytest.raises(UserError, match="cannot be"):
        phase.done({})


def test_what_was_never_made_or_not_finished_is_not_published(run):
    phase = opened(run)
    with pytest.raises(UserError, match="was never made\n.*\n.*the cell with"):
        phase.done({})
    made(phase, 1).write("model").mkdir()
    (phase.path / "model/.step.json").write_text('{"key": "x", "summary": null}')
    with pytest.raises(UserError, match="model is not finished"):
        phase.done({})
    assert not (run / FOUR).exists()


def test_names_that_a_cell_makes():
    assert names.bound("import numpy as np\nfrom a.b import c\nx, y = 1, [z for z in c]\ndef f(): w = 1\n!ls") == {"np", "c", "x", "y", "f"}
    assert names.used_and_made("x = [k + n for k in m]") == ({"m", "n"}, {"x"}) and names.bound("x =") == set()
    with pytest.raises(UserError, match="no run_dir yet"):
        Phase(FOUR, {})


def test_a_run_that_is_mistyped_is_not_begun(run, tmp_path):
    (tmp_path / "demo").mkdir()
    Run(tmp_path / "demo").save()
    for wrong in ("dmo", "demo_", "Demo/deeper"):
        with pytest.raises(UserError, match=r"there is no run (.|\n)*llmlab lab"):
            Phase(PHASES[0], {"run_dir": tmp_path / wrong, "wandb_mode": "disabled"})
        assert not (tmp_path / wrong).exists()
    with pytest.raises(UserError, match="there is no run"):
        opened(tmp_path / "quite_another")
    for meant in ("demo2", "demo-3", "other"):
        Phase(PHASES[0], {"run_dir": tmp_path / meant, "wandb_mode": "disabled", "bakeoff_families": []})
        assert (tmp_path / meant / "run.json").exists()


def test_a_second_process_is_told(run, monkeypatch):
    opened(run)
    monkeypatch.setattr(locks, "_HELD", {})  # as another process sees it
    with pytest.raises(UserError, match="is open in another kernel .process"):
        opened(run)


def test_a_notebook_takes_what_its_run_was_told_but_for_what_was_chosen_in_it(run):
    told = Run(run)
    told.record["overrides"] = {FOUR: {"limit": 16, "samples": 9}}
    told.save()
    phase = opened(run, limit=0, samples=4)
    assert phase.params["limit"] == 16 and phase.params["samples"] == 4, "0 is what the notebook says, 4 is not"


def test_working_copies_hold_the_runs_parameters_and_what_is_saved_in_them_counts(run):
    told = Run(run)
    told.record["overrides"] = {FOUR: {"limit": 16}}
    told.save()
    before = notebooks.project(FOUR).read_text()
    copy = lab.prepare(Run(run))[FOUR]
    assert "limit = 16  # items per task" in copy.read_text() and f'run_dir = \\"{run}\\"' in copy.read_text()
    assert Run(run).notebook(FOUR) == notebooks.project(FOUR), "nobody edited it yet"
    edit(copy, "limit = 16", "limit = 8")
    edit(copy, "samples = 6  #", "samples = 3 * 2  #")  # computed: known when it has run
    assert road.plan(Run(run))[FOUR]["limit"] == 8 and Run(run).chosen() == {FOUR: {"limit": 8}}
    said = []
    with pytest.raises(UserError, match="has not finished"):
        pipeline.run(run, only=("4",), echo=said.append)
    edit(copy, "from collections import Counter", "from collections import Counter\\nmine = 1")
    assert Run(run).notebook(FOUR) == copy and before == notebooks.project(FOUR).read_text()
    assert lab.prepare(Run(run))[FOUR].read_text().count("mine = 1") == 1, "what was edited stays"
    child = Run(run.parent / "child", parent=run)
    child.save()
    assert child.notebook(FOUR) == copy and road.plan(child)[FOUR]["limit"] == 8


def test_what_the_command_line_says_later_stands_in_the_working_copy_too(copy):
    path = lab.prepare(Run(copy))["3_pretraining"]
    edit(path, "learning_rate = 0.0", "learning_rate = 1e-3")
    said = []
    pipeline._tell(
        Run(copy), {"3_pretraining": {"learning_rate": 2e-3}}, road.plan(Run(copy), {"3_pretraining": {"learning_rate": 2e-3}}), said.append
    )
    assert "learning_rate = 0.002  # peak" in path.read_text() and Run(copy).chosen() == {}
    assert said[0] == "3_pretraining: learning_rate = 0.001, as saved in Jupyter"


def test_status_says_which_phases_may_follow(copy):
    run = Run(copy)
    planned = {p: run.done(p)["params"] for p in PHASES}
    planned["2_dataset_engineering"] = {**planned["2_dataset_engineering"], "min_words": 13}
    found = road.states(run, planned)
    may = road.followers(run, found)
    assert found["2_dataset_engineering"] == ["min_words 12 → 13"] and not any(found[p] for p in PHASES[2:])
    assert all("2_dataset_engineering" in may[p] for p in PHASES[2:]) and not may["1_model_design"]


def test_models_are_called_by_phase_or_by_what_they_are(smoke):
    run = Run(smoke)
    assert run.model("5") == run.model("assistant") == run.model("post-training") == "5_post_training/model"
    assert run.model("5_post_training/sft") == "5_post_training/sft"
    with pytest.raises(UserError, match="makes no model"):
        run.model("4")


def test_a_parameters_cell_is_filled_without_loss():
    source = 'a = 1_000  # steps [1..]\nwörter = ["für", "x"]  # Wörter\nb = 3 * 4  # computed\nc = [\n    "long",\n]  # list'
    assert fill(source, {"a": 1000, "wörter": ["für", "x"]}) == source
    changed = fill(source, {"a": 5, "wörter": ["y"], "b": 1, "c": ["z"]})
    assert changed == 'a = 5  # steps [1..]\nwörter = ["y"]  # Wörter\nb = 3 * 4  # computed\nc = ["z"]  # list'
    assert parse_parameters(changed.replace("3 * 4", "12"), "x")["wörter"].help == "Wörter"


def test_an_error_that_one_can_mend_shows_no_traceback():
    assert UserError("wrong", "that", "do this")._render_traceback_() == ["wrong", "  instead: that", "  fix:     do this"]


def test_a_copy_shows_what_the_phase_has_shown(copy):
    executed = json.loads(notebooks.project("3_pretraining").read_text())
    for cell in executed["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "seen before"}]
    (copy / "3_pretraining/notebook.ipynb").write_text(json.dumps(executed))
    assert "seen before" in lab.prepare(Run(copy))["3_pretraining"].read_text()
    shutil.rmtree(copy / "notebooks")


def test_what_an_earlier_kernel_read_is_an_input_too(copy, monkeypatch):
    """A kernel that is restarted in the middle: the cells that ran before are not run again, and what they read still counts."""
    from jupyter_client.manager import start_new_kernel

    monkeypatch.delenv("LLMLAB_PROGRESS", raising=False)
    shutil.rmtree(copy / FOUR)
    opening = [f"run_dir = {str(copy)!r}; wandb_mode = 'disabled'", f"from llmlab import Phase\nphase = Phase({FOUR!r}, globals())"]
    write = "[phase.json(f'{n}.json', {}) for n in ('results', 'findings')]\nphase.write('scores').mkdir()\nphase.write('scores/samples.jsonl').touch()"
    for sources in ([*opening, "phase.read('2_dataset_engineering/tasks')"], [*opening, write, "phase.done({})"]):
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            for source in sources:
                reply = client.execute_interactive(source, timeout=60, output_hook=lambda _: None)["content"]
                assert reply["status"] == "ok", reply
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    record = read_json(copy / FOUR / "phase.json")
    assert list(record["inputs"]) == ["2_dataset_engineering/tasks"] and (copy / FOUR / "report.html").exists()


def test_a_summary_for_programs_lies_beside_the_report(run):
    """What was found, what was told otherwise than the notebook says, and hashes that any tool can check."""
    import hashlib

    made(opened(run, limit=3), 0.5).done({"score": 0.5})
    found = read_json(run / FOUR / "summary.json")
    assert found["phase"] == FOUR and found["headline"] == {"score": 0.5} and found["schema"] == 1
    assert found["parameters"] == {"limit": 3, "wandb_mode": "disabled"}
    assert found["artifacts"]["results.json"] == hashlib.sha256((run / FOUR / "results.json").read_bytes()).hexdigest()
    assert set(found["artifacts"]) == {"results.json", "findings.json", "scores/samples.jsonl"}
    assert "summary.json" not in read_json(run / FOUR / "phase.json")["outputs"]
