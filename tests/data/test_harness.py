"""Public tasks by lm-evaluation-harness, where it is installed (`make lm_eval`): from files on this machine, judged item by item."""

import importlib.util
import json

import pytest

from llmlab.data import exams, harness, tasks
from llmlab.evaluation import evaluate
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl

needed = pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm-evaluation-harness is an extra: make lm_eval")
YAML = """
task: pairs
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
output_type: multiple_choice
test_split: test
doc_to_text: ""
doc_to_target: 0
doc_to_choice: "{{[good, bad]}}"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
"""


def test_without_the_harness_its_tasks_are_refused_before_any_kernel_starts(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs lm-evaluation-harness"):
        harness.check("lm_eval:piqa")


@needed
def test_a_public_task_is_asked_and_its_items_stand_beside_all_others(small, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = [{"good": f"The kettle number {n} is here.", "bad": f"The kettle number {n} are here."} for n in range(12)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "pairs.yaml").write_text(YAML % (tmp_path / "pairs.jsonl"))
    exams.write(None, [f"lm_eval:{tmp_path / 'public'}"], [], [], tmp_path / "tasks")
    (head,) = tasks.read(tmp_path / "tasks", "test")
    assert (head["name"], head["metric"], head["chance"], head["better"], len(head["items"])) == ("pairs", "acc", 0.5, "higher", 6)
    result = evaluate.evaluate(small / "model", tmp_path / "tasks", tmp_path / "out", "text", "test")["pairs"]
    samples = jsonl(tmp_path / "out" / "samples.jsonl")
    assert result["n"] == 6 == len(samples) and result["score"] == sum(s["score"] for s in samples) / 6
    assert all(len(s["answer"]) == 2 and s["score"] == float(s["answer"][0] > s["answer"][1]) for s in samples), (
        "what is likelier is what is right"
    )
    assert not {s["id"] for s in samples} & {f"pairs-test-{n}" for n in range(6, 12)}


@needed
def test_a_name_that_the_harness_does_not_know_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no folder"):
        harness.check("lm_eval:no/such/folder")
    (tmp_path / "broken.yaml").write_text("task: [")
    with pytest.raises(UserError, match="tasks = "):
        list(harness.brought(f"lm_eval:{tmp_path / 'broken.yaml'}"))
