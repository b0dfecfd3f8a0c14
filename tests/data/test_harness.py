"""Public tasks by lm-evaluation-harness, where it is installed (`make lm_eval`): from files on this machine, judged item by item."""

import importlib.util
import json
from types import SimpleNamespace

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


SUMS = """
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
output_type: generate_until
test_split: test
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n", "kettle is"], max_gen_toks: 6, do_sample: false}
filter_list:
  - {name: strict, filter: [{function: regex, regex_pattern: "It is (never)"}, {function: take_first}]}
  - {name: flexible, filter: [{function: regex, regex_pattern: "(.*)"}, {function: take_first}]}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
"""


@pytest.fixture
def public(tmp_path, monkeypatch):
    """A folder with two public tasks: pairs of sentences, and questions whose answers go through two filters."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = {
        "pairs": [{"good": f"The kettle number {n} is here.", "bad": f"The kettle number {n} are here."} for n in range(12)],
        "sums": [{"question": f"What is {n} and {n}?", "answer": str(2 * n)} for n in range(8)],
    }
    (tmp_path / "public").mkdir()
    for name, text in (("pairs", YAML), ("sums", SUMS)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows[name]))
        (tmp_path / "public" / f"{name}.yaml").write_text(text % (tmp_path / f"{name}.jsonl"))
    return tmp_path / "public"


@needed
def test_a_graph_is_asked_public_tasks_as_the_model_is_that_it_was_made_of(small, public, tmp_path):
    from llmlab.models import export

    exams.write(None, [f"lm_eval:{public}"], [], [], tmp_path / "tasks")
    (tmp_path / "int8").mkdir()
    export.quantised(small / "model", tmp_path / "int8")
    said = {}
    for name, model in (("whole", small / "model"), ("int8", tmp_path / "int8")):
        results = evaluate.evaluate(model, tmp_path / "tasks", tmp_path / name, "chat", "test")
        said[name] = {s["id"]: s for s in jsonl(tmp_path / name / "samples.jsonl")}
        assert {n: r["n"] for n, r in results.items()} == {"pairs": 6, "sums": 4}
    assert said["whole"].keys() == said["int8"].keys()
    for one, other in ((said[name][i]["answer"] for name in said) for i in said["whole"] if i.startswith("pairs")):
        assert one == pytest.approx(other, rel=0.1)


@needed
def test_likelihoods_are_those_of_the_harnesss_own_model(small, public, tmp_path, monkeypatch):
    from lm_eval.models.huggingface import HFLM

    from llmlab.evaluation import public as asked
    from llmlab.models import weights

    model, tokenizer = weights.load(small / "model")
    pairs = [("It is", " so."), ("", "It is so."), ("The kettle ", "is here"), ("a" * 300, " b")]
    requests = [SimpleNamespace(args=pair) for pair in pairs]
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2).loglikelihood(requests, disable_tqdm=True)
    mine = asked._asker()(model, tokenizer).loglikelihood(requests, disable_tqdm=True)
    assert [nats for nats, _ in mine] == pytest.approx([nats for nats, _ in theirs], abs=1e-3)
    assert [best for _, best in mine] == [best for _, best in theirs]


@needed
def test_all_tasks_of_a_model_are_asked_at_once_and_the_harness_is_opened_once(small, public, tmp_path, monkeypatch):
    import lm_eval
    import lm_eval.tasks

    opened, asked, whole = [], [], lm_eval.evaluate
    make = lm_eval.tasks.TaskManager
    monkeypatch.setattr(lm_eval.tasks, "TaskManager", lambda *a, **k: opened.append(k) or make(*a, **k))
    monkeypatch.setattr(lm_eval, "evaluate", lambda *a, **k: asked.append(sorted(k["task_dict"]["tasks"])) or whole(*a, **k), raising=False)
    exams.write(None, [f"lm_eval:{public}"], [], [], tmp_path / "tasks")
    for name in ("a", "b"):
        evaluate.evaluate(small / "model", tmp_path / "tasks", tmp_path / name, "text", "validation")
    assert len(opened) == 1 and asked == [["pairs", "sums"]] * 2


@needed
def test_who_asks_a_task_that_comes_with_the_harness_reads_its_folder_alone(monkeypatch):
    class Known:
        """Stands for what knows thirteen thousand tasks."""

        files = {"arc": None, "arc_easy": "arc/arc_easy.yaml", "piqa": "piqa/piqa.yaml"}
        task_index = {name: SimpleNamespace(yaml_path=file and harness._own() / file) for name, file in files.items()}

    monkeypatch.setattr(harness, "_manager", Known)
    place = harness._placed("lm_eval:arc,piqa", ["arc_easy"])
    assert place == "lm_eval:arc,piqa@arc,piqa"
    asked = []
    known = SimpleNamespace(load=lambda names: {"tasks": dict.fromkeys(names)})
    monkeypatch.setattr(harness, "_manager", lambda *folders: asked.append([folder.name for folder in folders]) or known)
    assert list(harness.loaded.__wrapped__(place)) == ["arc", "piqa"] and asked == [["arc", "piqa"]]


@needed
def test_of_several_filters_the_one_that_the_head_names_is_looked_at(small, public, tmp_path):
    exams.write(None, [f"lm_eval:{public}"], [], [], tmp_path / "tasks")
    (head,) = [t for t in tasks.read(tmp_path / "tasks", "test") if t["name"] == "sums"]
    assert head["metric"] == "exact_match,strict" and head["chance"] == 0.0
    evaluate.evaluate(small / "model", tmp_path / "tasks", tmp_path / "out", "text", "test", only=["sums"])
    samples = jsonl(tmp_path / "out" / "samples.jsonl")
    assert {s["answer"] for s in samples} == {"[invalid]"} and {s["score"] for s in samples} == {0.0}


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
