"""What training will take is said before it starts."""

import pytest
from strangers import stranger
from transformers import LlamaConfig

from llmlab.data import dialogue, tokens
from llmlab.models import adopt, cost, design, families
from llmlab.spine.params import PHASES, resolve
from llmlab.training import forecast, optim, posttrain

MACHINE = {"gflops": 100.0, "training_share": 0.3, "large_share": 0.6, "threads": 2, "device": "cpu"}
WIDE = LlamaConfig(vocab_size=5000, hidden_size=576, num_hidden_layers=6, num_attention_heads=9, intermediate_size=1536)


def test_a_wide_model_is_reckoned_by_what_wide_models_reach():
    small = families.configure("transformer", 2048, 128, 6)
    took = lambda config, machine=MACHINE, **how: design.predicted_seconds(config, 128, 1000, machine, **how)  # noqa: E731
    by_hand = lambda config, share: 3 * cost.flops_per_token(config, 128) * 1000 / (100e9 * share)  # noqa: E731
    assert took(small) == pytest.approx(by_hand(small, 0.3)) and took(WIDE) == pytest.approx(by_hand(WIDE, 0.6))
    assert took(WIDE, {"gflops": 100.0, "training_share": 0.3}) == pytest.approx(by_hand(WIDE, 0.3)), "as it was probed before"
    between = families.configure("transformer", 2048, 272, 6)
    assert by_hand(between, 0.6) < took(between) < by_hand(between, 0.3)


def test_frozen_layers_an_adapter_and_a_head_for_what_is_said_alone_take_less():
    took = lambda **how: design.predicted_seconds(WIDE, 128, 1000, MACHINE, **how)  # noqa: E731
    assert took(adapter="lora") == pytest.approx(design.ADAPTED * took()) and took(said=0.2) < took()
    whole, half = took(said=0.0), took(said=0.0, frozen=3)
    assert half == pytest.approx(2 / 3 * whole), "half of the layers are passed forward alone"


def test_the_number_of_conversations_of_a_step_suits_the_size(small, tmp_path):
    large = cost.LARGE + 1
    assert [optim.together(0, *model) for model in (("full", 1000), ("lora", 1000), ("full", large), ("lora", large))] == [16, 16, 2, 16]
    assert optim.together(5, "full", large) == 5, "what somebody asks for"
    for name, asked, used in (("suited", 0, 16), ("asked", 3, 3)):
        (tmp_path / name).mkdir()
        assert posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path / name, 1e-3, 1, asked)["batch_size"] == used


def test_lessons_are_reckoned_from_their_own_lengths(small, monkeypatch):
    monkeypatch.setattr(design, "probe", lambda: MACHINE)
    tokenizer = tokens.load(small / "model")
    talk = [{"role": "user", "content": "Is it so?"}, {"role": "assistant", "content": "It is so."}]
    rows = [dict(zip(("input_ids", "assistant_masks"), dialogue.ids(tokenizer, talk)))] * 2
    said = forecast.lessons(small / "model", rows, 1000, 0)
    assert said.startswith(f"1,000 steps of 16 conversations are some {16_000 * len(rows[0]['input_ids']):,} tokens: about ")
    assert forecast.reading(small / "config", 64, 0).startswith("No token") and "2,000 tokens are to be read" in forecast.reading(
        small / "config", 64, 2000
    )
    assert [forecast.duration(s) for s in (0.2, 80, 600, 9000)] == ["about 1 s", "about 80 s", "about 10 minutes", "about 2.5 hours"]


def test_what_an_adopted_model_will_take_is_said_before_a_kernel_starts(texts, tmp_path, monkeypatch):
    from llmlab.workflow import pipeline, preflight

    monkeypatch.setattr(design, "probe", lambda: MACHINE)
    plan = {phase: resolve(phase) for phase in PHASES}
    assert preflight.takes(plan) == {}, "random weights are planned by phase 1"
    plan["1_model_design"]["start_from"] = str(stranger(tmp_path / "m", texts))
    told = preflight.takes(plan)
    assert told["3_pretraining"].startswith("1,000,000 tokens take about") and "steps of 16 conversations" in told["5_post_training"]
    plan["3_pretraining"]["tokens_seen"] = 0
    assert list(preflight.takes(plan)) == ["5_post_training"]
    (tmp_path / "empty").mkdir()
    assert adopt.configuration(str(tmp_path / "empty")) is None
    monkeypatch.setattr(pipeline, "_walk", lambda *_: False)
    said = []
    layer = {"1_model_design": {"start_from": str(tmp_path / "m")}, "6_fine_tuning": {"student_layers": 2}}
    pipeline.run(tmp_path / "run", [layer], only=("1", "2", "3"), echo=said.append)
    assert sum(line.startswith("3_pretraining: 1,000,000 tokens take") for line in said) == 1 and not any("5_post" in line for line in said)
