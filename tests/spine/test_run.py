import os

import pytest

from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import PHASES, resolve
from llmlab.spine.run import Run
from llmlab.workflow.phase import Phase


def plan(run_dir):
    run = Run(run_dir)
    return {p: run.done(p)["params"] for p in PHASES}


def test_a_changed_file_outside_the_run_makes_the_phase_stale(tmp_path):
    data = tmp_path / "data.txt"
    data.write_text("one")
    Run(tmp_path / "run").save()
    phase = Phase("4_preliminary_evaluation", {"run_dir": tmp_path / "run", "wandb_mode": "disabled"})
    [phase.json(f"{name}.json", {}) for name in ("results", "findings")]
    phase.write("scores").mkdir()
    phase.write("scores/samples.jsonl").write_text("")
    phase.given("source", [data])
    phase.given("annotations", [])
    phase.done({})
    run = Run(tmp_path / "run")
    assert run.stale("4_preliminary_evaluation", phase.params) == []
    data.write_text("two")
    assert run.stale("4_preliminary_evaluation", phase.params) == ["what source names changed"]
    data.unlink()
    assert run.stale("4_preliminary_evaluation", phase.params) == ["what source names is missing"]


def test_a_finished_run_is_not_stale(smoke):
    run = Run(smoke)
    assert {p: run.stale(p, params) for p, params in plan(smoke).items()} == {p: [] for p in PHASES}


def test_one_changed_parameter_makes_its_phase_stale_and_says_how(smoke):
    params = {**plan(smoke)["5_post_training"], "beta": 0.7}
    assert Run(smoke).stale("5_post_training", params) == ["beta 0.0 → 0.7"]


def test_a_flipped_byte_makes_the_producer_stale(copy):
    weights = copy / "3_pretraining/model/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    run, params = Run(copy), plan(copy)
    assert run.stale("3_pretraining", params["3_pretraining"]) == ["3_pretraining/model is not as it was written"]
    assert "3_pretraining/model changed" in run.stale("5_post_training", params["5_post_training"])
    assert run.stale("2_dataset_engineering", params["2_dataset_engineering"]) == []


def test_a_child_finds_what_it_lacks_in_its_parent(smoke, tmp_path):
    child = Run(tmp_path / "child", parent=smoke)
    child.save()
    assert child["3_pretraining/model"] == smoke / "3_pretraining/model"
    assert child.owner("3_pretraining").path == smoke
    assert Run(tmp_path / "child").stale("3_pretraining", plan(smoke)["3_pretraining"]) == []


def test_a_parent_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="no run"):
        Run(tmp_path / "child", parent=tmp_path / "nothing")


def test_a_run_is_no_ancestor_of_itself(tmp_path):
    Run(tmp_path / "a").save()
    Run(tmp_path / "b", parent=tmp_path / "a").save()
    with pytest.raises(UserError, match="own parent or ancestor"):
        Run(tmp_path / "a", parent=tmp_path / "b")


def test_a_run_keeps_its_parent(smoke, copy, tmp_path):
    Run(tmp_path / "child", parent=smoke).save()
    with pytest.raises(UserError, match="already has the parent"):
        Run(tmp_path / "child", parent=copy)


def test_an_artifact_that_is_missing_names_its_phase(tmp_path):
    with pytest.raises(UserError, match="finished phases: none\n.*llmlab run .*empty"):
        Run(tmp_path / "empty")["3_pretraining/model"]
    assert not (tmp_path / "empty").exists(), "looking at a run creates nothing"


def test_nothing_counts_until_the_phase_is_published(tmp_path):
    namespace = {**resolve("4_preliminary_evaluation"), "run_dir": tmp_path / "run", "wandb_mode": "disabled"}
    run = Run(tmp_path / "run")
    run.save()
    phase = Phase("4_preliminary_evaluation", namespace)
    [phase.json(f"{name}.json", {"a": 1}) for name in ("results", "findings")]
    phase.write("scores").mkdir()
    phase.write("scores/samples.jsonl").write_text("")
    assert run.find("4_preliminary_evaluation/results.json") is None
    phase.done({"score": 1})
    assert read_json(run["4_preliminary_evaluation/results.json"]) == {"a": 1}


def test_a_kill_between_the_two_renames_loses_nothing(copy):
    (copy / ".work").mkdir(exist_ok=True)
    os.rename(copy / "3_pretraining", copy / ".work" / "3_pretraining.old")
    assert Run(copy).find("3_pretraining/model") == copy / "3_pretraining/model"


def test_plain_papermill_gets_the_same_checks(tmp_path):
    namespace = {**resolve("3_pretraining"), "learning_rate": "1e-4", "wandb_mode": "disabled", "run_dir": tmp_path / "r"}
    Run(tmp_path / "r").save()
    Phase("3_pretraining", namespace)
    assert namespace["learning_rate"] == 1e-4
    with pytest.raises(UserError, match="did you mean 'learning_rate'"):
        Phase("3_pretraining", {**namespace, "In": ["", "# Parameters\nlearning_rte = 1\n"]})


def test_writing_json_is_atomic(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"x": object()})
    assert read_json(tmp_path / "a.json") == {"x": 1}


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UserError, match="run.json is damaged"):
        Run(tmp_path)
