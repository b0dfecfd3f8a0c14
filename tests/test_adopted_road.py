"""The other road, through the notebooks: a stranger's model that knows nothing yet becomes a classifier of a table, and is asked a public task, small and fast."""

import importlib.util
import json

import pytest
from conftest import execute
from strangers import stranger

from llmlab.data import tasks
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES, ROOT, load_layer, overrides
from llmlab.spine.run import Run

HARNESS = importlib.util.find_spec("lm_eval") is not None  # an extra: make lm_eval
ASKED = {
    "price": (
        "Good morning, before we drive into town tomorrow my sister wants to know how much money one {} would cost us there, with everything that belongs to it.",
        "Nobody wrote any amount beside that {} on your website last Sunday, so please tell me what you ask for it these days, tax included, if possible.",
    ),
    "repair": (
        "Since Tuesday night our {} does nothing at all any more, although I changed its fuse twice, pressed every button and read your booklet from front to back.",
        "Somebody dropped the {} down three steps while we moved house, and now half of what it should do works badly: who mends such things nearby?",
    ),
}
THINGS = """kettle lamp toaster router iron scale mixer fan heater radio clock mirror bicycle ladder piano violin camera printer shower freezer saw
drill tent stove sledge boat kite organ loom press pump""".split()
PAIRS = """
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


def table(path, things):
    lines = [f'"{wording.format(thing)}",{label}' for thing in things for label, wordings in ASKED.items() for wording in wordings]
    path.write_text("text,category\n" + "\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def road(tmp_path_factory, texts):
    """(run, {phase: what its notebook left in the kernel}) of params/classify.yaml in its smallest form."""
    folder = tmp_path_factory.mktemp("adopted")
    train, test = table(folder / "lessons.csv", THINGS[:25]), table(folder / "subjects.csv", THINGS[25:])
    named = [test]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
        if HARNESS:
            rows = [{"good": f"The {thing} is here.", "bad": f"The {thing} are here."} for thing in THINGS[:12]]
            (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            (folder / "pairs.yaml").write_text(PAIRS % (folder / "pairs.jsonl"))
            named.append(f"lm_eval:{folder / 'pairs.yaml'}")
        mine = {
            "all": {"source": train, "columns": ["text", "category"]},
            "1_model_design": {"start_from": str(stranger(folder / "model", texts)), "bakeoff_families": [], "tokens_seen": 0},
            "2_dataset_engineering": {"instructions": [train], "tasks": named},
            "5_post_training": {"frozen_layers": 1},
            "6_fine_tuning": {"bits": [8], "distill_steps": 3, "student_layers": 2, "adapter_steps": 2, "trim_vocabulary": True},
            "7_final_evaluation": {
                "criteria": ["subjects >= 0.6", "bits <= 99", "cut <= 1", "wait4_ms <= 60000", "size <= 0.9 of assistant"]
            },
        }
        changed = overrides([*(load_layer(ROOT / "params" / f"{name}.yaml") for name in ("classify", "smoke")), mine])
        left = {phase: execute(phase, folder / "run", **changed.get(phase, {})) for phase in PHASES}
    return Run(folder / "run"), left


def test_a_model_that_knows_nothing_is_taken_in_and_the_page_says_so(road):
    _, left = road
    assert left["3_pretraining"]["surprise"] > 0.9 and left["3_pretraining"]["summary"]["steps"] == 0
    assert "The adopted model knows next to nothing of this text" in {f["finding"] for f in left["4_preliminary_evaluation"]["found"]}
    assert left["4_preliminary_evaluation"]["back"] == {}, "what was not trained here is not asked how it was trained"


def test_every_variant_is_asked_every_task_and_each_combination_is_one(road):
    run, left = road
    asked = {t["name"] for t in tasks.read(run["2_dataset_engineering/tasks"], "validation") if t["items"]}
    assert asked >= {"subjects"} | ({"pairs"} if HARNESS else set())
    frontier = read_json(run["6_fine_tuning/frontier.json"])
    made = [f"{name}{trimmed}" for trimmed in ("", "-trimmed") for name in ("assistant", "student")]
    assert [row["variant"] for row in frontier] == ["assistant", "adapted", "student", *made[2:], *(f"{name}-int8" for name in made)]
    for row in frontier:
        assert set(read_json(run[f"6_fine_tuning/scores/{row['variant']}/results.json"])) == asked, row["variant"]
    assert len({len(of) for n, of in left["6_fine_tuning"]["said"].items() if "trimmed" not in n}) == 1, (
        "the answer in the assistant's tokens"
    )


def test_the_gate_judges_what_was_measured_of_a_graph_too(road):
    run, left = road
    results = read_json(run["7_final_evaluation/results.json"])
    assert set(results["tasks"]["released"]) == set(results["tasks"]["assistant"])
    decision = read_json(run["7_final_evaluation/verdict.json"])
    assert len(decision["criteria"]) == 5 and all(row["value"] is not None for row in decision["criteria"])
    assert not left["7_final_evaluation"]["judged_by_words"], "no task asks whether an answer declines"
    samples = jsonl(run["7_final_evaluation/scores/released/samples.jsonl"])
    assert {s["task"] for s in samples} == set(results["tasks"]["released"])


def test_what_this_run_claims_comes_out_again(road):
    from llmlab.workflow import verify

    run, _ = road
    assert verify.verify(run.path) == []
