"""What the card says: in words somebody who does not compute, in its head what the hub reads."""

import shutil

import pytest
import yaml

from llmlab.evaluation import card
from llmlab.spine.files import read_json, write_json
from llmlab.spine.run import Run

SEVEN = "7_final_evaluation"


def test_licences_have_the_names_of_the_hub():
    assert card.terms("CC0-1.0") == {"license": "cc0-1.0"} and card.terms("apache-2.0") == {"license": "apache-2.0"}
    assert card.terms("MIT OR Apache-2.0") == {"license": "other", "license_name": "mit-or-apache-2.0"}
    assert card.terms("") == card.terms("not stated") == card.terms("no card that can be read") == {}


@pytest.mark.parametrize(
    ("metric", "words"),
    [("f1", "mean F1 is 0.23"), ("judge:models/big", "mean judge is 0.23"), ("my_file.mine", "mean my_file.mine is 0.23")],
)
def test_a_mean_is_no_number_of_right_answers(metric, words):
    result = dict(score=0.23, low=0.2, high=0.26, n=90, clusters=30, chance=0.0, metric=metric)
    told = card._of_its_task(result, "heading")
    assert words in told and "right" not in told
    assert "about 23 right" in card._of_its_task(result | {"metric": "exact"}, "heading")


def facts(run):
    results = read_json(run[f"{SEVEN}/results.json"])["tasks"]["released"]
    return card.facts(run, "simulated", results, run["6_fine_tuning/model"]), results


def head_of(run):
    told, results = facts(run)
    speed = read_json(run[f"{SEVEN}/results.json"])["speed"]["released"]
    text = card.model_card("x: released model", read_json(run[f"{SEVEN}/verdict.json"]), results, speed, told)
    return yaml.safe_load(text.split("---")[1]), text


def test_the_head_says_what_the_hub_asks_for(copy):
    from huggingface_hub import ModelCard

    run = Run(copy)
    released = run["6_fine_tuning/model"]
    head, text = head_of(run)
    graph = any(released.glob("*.onnx"))
    assert head["library_name"] == ("onnx" if graph else "transformers") and head["pipeline_tag"] == "text-generation"
    assert head["license"] == "cc0-1.0" and "base_model" not in head, "of random weights there is none; the licence is that of the material"
    assert ModelCard(text).data.license == "cc0-1.0" and len(ModelCard(text).data.eval_results) == len(facts(run)[1])
    shutil.rmtree(released)
    other = run["5_post_training/model"] if graph else next(p.parent for p in run["6_fine_tuning/variants"].glob("*/decode.onnx"))
    shutil.copytree(other, released)
    assert head_of(run)[0]["library_name"] == ("transformers" if graph else "onnx")


def test_an_adopted_model_brings_its_terms_and_its_name(copy):
    run = Run(copy)
    place, record = copy / "1_model_design/budget.json", copy / "1_model_design/phase.json"
    write_json(place, read_json(place) | {"start_from": "org/small", "licence": "apache-2.0"})
    write_json(record, read_json(record) | {"params": read_json(record)["params"] | {"start_from": "hub:org/small"}})
    head, text = head_of(run)
    assert (
        head["license"] == "apache-2.0" and head["base_model"] == "org/small" and head["base_model_relation"] in ("finetune", "quantized")
    )
    assert "which began as org/small (licence: apache-2.0)" in text
    write_json(record, read_json(record) | {"params": read_json(record)["params"] | {"start_from": "package:small/small.gguf"}})
    assert "base_model" not in head_of(run)[0], "the hub knows models of the hub alone"


def test_the_paragraph_names_what_a_product_manager_has_to_know():
    result = dict(score=0.9, low=0.8, high=0.95, n=90, clusters=30, chance=0.1, metric="exact", better="higher")
    decision = {"criteria": [{"value": 0.9, "state": "proven", "passed": True}], "verdict": "RELEASE"}
    kinds = [
        {"what went wrong": "sends no help to somebody in danger", "answers": 36, "of": 167, "in": "urgent (36)"},
        {"what went wrong": "finds a secret that leaked likelier than all others", "answers": 1, "of": 12, "in": "memorised (1)"},
    ]
    ways = [
        {"the question": how, "score": s, "as it was asked": 1.0, "n": 24, "verdict": v}
        for how, s, v in (("in capitals", 0.0, "worse"), ("in haste", 0.9, "no difference shown"))
    ]
    told = card.plainly(decision, {"mine": result, "theirs": {**result, "score": 0.7}}, {}, "mine", (), kinds, ways, ["theirs"])
    assert "it sends no help to somebody in danger in 36 of 167 answers, of urgent (36)" in told and "secret" not in told, (
        "a likelihood was told to nobody"
    )
    assert "Asked in capitals it gets 0 of 24 questions right, and 24 of them as they were asked before." in told and "haste" not in told
    assert "Of theirs, kept for the end: 0.700" in told
