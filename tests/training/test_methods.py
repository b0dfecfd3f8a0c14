"""Each method moves what it says: the chosen answers above the rejected ones; and its first loss is what its formula gives."""

import math

import pytest
import torch

from llmlab.data import teaching
from llmlab.models import weights
from llmlab.spine import track
from llmlab.training import comparing, methods

METHODS = (methods.ipo, methods.simpo, methods.orpo, methods.kto)


@pytest.mark.parametrize("method", [*METHODS, methods.chosen], ids=lambda m: m.__name__)
def test_the_chosen_answers_rise(small, supervised, tmp_path, method):
    summary = method(supervised, small / "pairs.jsonl", tmp_path / "out", 1e-3, 12, 8, beta=0.3, seed=1)
    assert summary["steps"] == 12 and summary["pairs"] > 0
    assert all("logps/chosen" in r for r in track.rows(tmp_path / "out") if "loss" in r)
    before, after = (likelihoods(folder, small / "pairs.jsonl") for folder in (supervised, tmp_path / "out"))
    assert after[0] - after[1] > before[0] - before[1] if method is not methods.chosen else after[0] > before[0]


@torch.no_grad()
def likelihoods(folder, pairs):
    """Mean log p of all chosen and of all rejected answers."""
    model, tokenizer = weights.load(folder)
    rows, _ = teaching.fitting_pairs(tokenizer, teaching.pairs(pairs), weights.window(model), "pairs")
    sums, _ = comparing.scored(model, comparing.collated(0)(rows))
    return [part.mean().item() for part in sums.chunk(2)]


def test_first_losses_are_those_of_the_formulas():
    """At the start the model is its reference: IPO (1 / 2β)², KTO one half for each of both."""
    seen = {}

    def caught(loss, referred, *_):
        seen["loss"] = loss

    learn, comparing.learn = comparing.learn, caught
    try:
        same = (torch.tensor([-5.0]), torch.tensor([-7.0]))
        lengths = (torch.tensor([5]), torch.tensor([7]))
        for method, expected in (
            (methods.ipo, (1 / 0.6) ** 2),
            (methods.kto, 1.0),
            (methods.simpo, -math.log(1 / (1 + math.exp(0.5)))),
            (methods.chosen, 1.0),
        ):
            method(None, None, None, 0, 1, 1, beta=0.3)
            assert seen["loss"](*same, lengths, same).item() == pytest.approx(expected, rel=1e-5), method.__name__
        methods.orpo(None, None, None, 0, 1, 1, beta=0.3)
        assert seen["loss"](*same, lengths, None).item() == pytest.approx(1.0 + 0.3 * math.log(2), rel=1e-5)
    finally:
        comparing.learn = learn


def test_sums_over_the_answers_alone(small, supervised):
    model, tokenizer = weights.load(supervised)
    rows = [
        {"prompt_ids": [2, 3, 4], "chosen_ids": [5, 6], "rejected_ids": [7]},
        {"prompt_ids": [2], "chosen_ids": [8], "rejected_ids": [9, 10, 11]},
    ]
    sums, lengths = comparing.scored(model, comparing.collated(0)(rows))
    assert lengths.tolist() == [2, 1, 1, 3]
    ids = torch.tensor([[2, 3, 4, 5, 6]])
    logp = torch.log_softmax(model(input_ids=ids).logits[0].float(), -1)
    assert sums[0].item() == pytest.approx((logp[2, 5] + logp[3, 6]).item(), abs=1e-3)
