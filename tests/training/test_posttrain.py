import json
import math
import random

import pytest
import torch

from llmlab.data import dialogue, feedback, teaching, tokens
from llmlab.evaluation import asking
from llmlab.models import families, weights
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.training import posttrain


@pytest.fixture(scope="module")
def taught(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("sft") / "sft"
    out.mkdir()
    return out, posttrain.sft(small / "model", small / "instructions.jsonl", out, 4e-3, 40, 8, seed=1)


def test_supervision_teaches_answers_and_only_answers(taught):
    out, summary = taught
    assert summary["last_loss"] < summary["first_loss"] - 1
    assert 0.2 < summary["trained_share"] < 0.8
    assert abs(summary["first_loss"] - math.log(600)) < 0.3


def test_the_supervised_loss_is_that_of_the_assistants_tokens(small, tmp_path):
    """One step on four conversations: the trainer's loss is the mean, by hand, over exactly the tokens that the mask marks."""
    rows = jsonl(small / "instructions.jsonl")[:4]
    write_jsonl(tmp_path / "four.jsonl", rows)
    (tmp_path / "out").mkdir()
    found = posttrain.sft(small / "model", tmp_path / "four.jsonl", tmp_path / "out", 1e-3, 1, 4, seed=1)["first_loss"]
    model, tokenizer = weights.load(small / "model")
    said = []
    for row in rows:
        ids, mask = dialogue.ids(tokenizer, row["messages"])
        said += [-p.item() for p, m in zip(asking.token_logprobs(model, [ids], 0)[0], mask[1:]) if m]
    assert found == pytest.approx(sum(said) / len(said), rel=1e-3)


@pytest.mark.parametrize("family", [f for f in families.FAMILIES if f != "transformer"])
def test_every_family_learns_from_conversations_and_preferences(small, tmp_path, family):
    """TRL and peft work on models that neither knows."""
    config = families.configure(family, 600, 32, 2, 2, 64)
    families.initialise(config, 0).save_pretrained(tmp_path / "base")
    tokens.load(small / "tokenizer").save_pretrained(tmp_path / "base")
    for out in ("sft", "dpo", "lora"):
        (tmp_path / out).mkdir()
    first = posttrain.sft(tmp_path / "base", small / "instructions.jsonl", tmp_path / "sft", 2e-3, 8, 8, seed=1)
    assert first["last_loss"] < first["first_loss"]
    preferred = posttrain.dpo(tmp_path / "sft", small / "pairs.jsonl", tmp_path / "dpo", 1e-4, 2, 4, seed=1)
    assert preferred["first_loss"] == pytest.approx(math.log(2), abs=5e-3 if family == "moe" else 1e-3), "experts have a loss of their own"
    adapted = posttrain.sft(tmp_path / "dpo", small / "instructions.jsonl", tmp_path / "lora", 1e-3, 2, 4, adapter="lora", rank=2, seed=1)
    assert adapted["trained_parameters"] > 0 and weights.load(tmp_path / "lora")[0].config.model_type == config.model_type


def test_frozen_layers_and_the_embeddings_stay_as_they_are(small, tmp_path):
    """The others learn; and layers that are not there, or that an adapter freezes anyway, are refused before a step is made."""
    summary = posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path, 2e-3, 16, 8, frozen=2, seed=1)
    before, after = (weights.load(path)[0].state_dict() for path in (small / "model", tmp_path))
    kept = {name for name in before if torch.equal(before[name], after[name])}
    assert {n for n in before if ".layers.0." in n or ".layers.1." in n or "embed" in n} <= kept and any(
        ".layers.2." in n for n in set(before) - kept
    )
    assert summary["last_loss"] < summary["first_loss"]
    for refused, words in (({"frozen": 3}, "the model has 3 layers"), ({"frozen": 1, "adapter": "lora"}, "an adapter leaves all weights")):
        with pytest.raises(UserError, match=words):
            posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path, 2e-3, 1, 4, seed=1, **refused)


def test_preferences_start_at_ln_2_and_raise_the_chosen(small, taught, tmp_path):
    summary = posttrain.dpo(taught[0], small / "pairs.jsonl", tmp_path, 1e-3, 10, 4, beta=0.3, seed=1)
    assert summary["first_loss"] == pytest.approx(math.log(2), abs=1e-3)
    rows = track.rows(tmp_path)
    assert rows[-1]["rewards/margins"] > 0
    rewards = posttrain.margins(weights.load(tmp_path), weights.load(taught[0]), jsonl(small / "pairs.jsonl"), 0.3, most=8)
    assert len(rewards) == 8 and sum(row["reward of chosen"] > row["reward of rejected"] for row in rewards) >= 5


def test_before_training_the_margins_are_zero(small, taught):
    same = weights.load(taught[0])
    rows = posttrain.margins(same, same, jsonl(small / "pairs.jsonl"), 0.3, most=2)
    assert [(row["reward of chosen"], row["reward of rejected"]) for row in rows] == [(0.0, 0.0)] * 2


def test_a_pair_that_is_longer_than_the_window_is_not_looked_at(small, taught):
    """A model with a position for each token has none for it; training leaves it out too."""
    same, whole = weights.load(taught[0]), jsonl(small / "pairs.jsonl")
    long = {**whole[0], "prompt": [{"role": "user", "content": "What does the Aster fan cost? " * 200}]}
    rows = posttrain.margins(same, same, [long, *whole], 0.3, most=3)
    assert [row["chosen"] for row in rows] == [p["chosen"][0]["content"] for p in whole[:3]]


def test_without_preferences_the_model_stays_as_it_is(taught, small, tmp_path):
    posttrain.no_preference(taught[0], small / "pairs.jsonl", tmp_path, 1, 1, 1)
    question = [[{"role": "user", "content": "Hello?"}]]
    assert asking.reply(*weights.load(tmp_path), question) == asking.reply(*weights.load(taught[0]), question)


@pytest.mark.parametrize("row", [{"messages": [{"role": "user", "content": "?"}]}, {"messages": []}, {"text": "x"}])
def test_conversations_must_end_with_the_assistant(tmp_path, row):
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match="line 1"):
        teaching.conversations(tmp_path / "a.jsonl")


def test_pairs_need_their_columns(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": [], "chosen": []}) + "\n")
    with pytest.raises(UserError, match="rejected"):
        teaching.pairs(tmp_path / "a.jsonl")


def annotate(path, *rows):
    prompt = [{"role": "user", "content": "Hello?"}]
    path.write_text("".join(json.dumps({"prompt": prompt, "a": a, "b": b, "choice": c, "annotator": who}) + "\n" for a, b, c, who in rows))
    return str(path)


def test_annotations_become_pairs_by_majority(tmp_path):
    path = annotate(
        tmp_path / "a.jsonl",
        ("x", "y", "a", "ana"),
        ("x", "y", "a", "bob"),
        ("x", "y", "b", "eve"),
        ("p", "q", "tie", "ana"),
        ("p", "q", "tie", "bob"),
    )
    pairs, about = feedback.preferences(path, None)
    assert [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs] == [("x", "y")]
    assert about["annotators"] == "3 people" and about["judgements"] == 5 and "without a majority" in about["left out"]
    swapped = annotate(
        tmp_path / "b.jsonl",
        ("x", "y", "a", "ana"),
        ("y", "x", "b", "bob"),
        ("y", "x", "a", "eve"),
        ("p", "q", "a", "ana"),
        ("q", "p", "b", "bob"),
    )
    pairs, about = feedback.preferences(swapped, None)
    assert [(p["chosen"][0]["content"], p["rejected"][0]["content"]) for p in pairs] == [("x", "y"), ("p", "q")], "shown on either side"


def test_who_is_to_be_trusted_decides(tmp_path):
    """Two who are mostly right outweigh three who toss coins."""
    rng = random.Random(0)
    rows = []
    for n in range(60):
        right, wrong = f"right {n}", f"wrong {n}"
        for who in ("ana", "bob", "x", "y", "z"):
            good = rng.random() < (0.97 if who in ("ana", "bob") else 0.5)
            rows.append((right, wrong, "a" if good else "b", who))
    pairs, about = feedback.preferences(annotate(tmp_path / "a.jsonl", *rows), None)
    assert about["decided by"].startswith("who is to be trusted")
    assert sum(p["chosen"][0]["content"].startswith("right") for p in pairs) >= 57


def test_a_broken_annotation_names_its_line(tmp_path):
    with pytest.raises(UserError, match="line 2"):
        feedback.preferences(annotate(tmp_path / "a.jsonl", ("x", "y", "a", "ana"), ("x", "y", "left", "ana")), None)
    (tmp_path / "b.jsonl").write_text(json.dumps({"prompt": 5, "a": "x", "b": "y", "choice": "a", "annotator": "ana"}))
    with pytest.raises(UserError, match="line 1: prompt is no list"):
        feedback.preferences(str(tmp_path / "b.jsonl"), None)
    with pytest.raises(UserError, match="line 1: without b"):
        feedback.preferences(annotate(tmp_path / "c.jsonl", ("x", None, "a", "ana")), None)
    with pytest.raises(UserError, match="there is no such file"):
        feedback.preferences(str(tmp_path / "none.jsonl"), None)


def test_a_mixture_of_experts_answers_after_each_lesson(small, tmp_path):
    families.initialise(families.configure("moe", 600, 32, 2, 2, 64), 5).save_pretrained(tmp_path / "start")
    weights.load(small / "model")[1].save_pretrained(tmp_path / "start")
    posttrain.sft(tmp_path / "start", small / "instructions.jsonl", tmp_path / "sft", 1e-3, 2, 4)
    posttrain.dpo(tmp_path / "sft", small / "pairs.jsonl", tmp_path / "model", 1e-4, 2, 4)
    asked = [[{"role": "user", "content": text}] for text in ("Hello?", "What does the Aster fan cost in your shop?")]
    for name in ("sft", "model"):
        assert len(asking.reply(*weights.load(tmp_path / name), asked, max_new_tokens=4)) == 2
