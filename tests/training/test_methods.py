"""Each method moves what it says: the chosen answers above the rejected ones; and its first loss is what its formula gives."""

import math

import pytest
import torch

from llmlab.data import teaching
from llmlab.models import weights
from llmlab.spine import dotted, track
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.training import comparing, launch, methods, onpolicy, posttrain, reward

METHODS = (methods.ipo, methods.simpo, methods.orpo, methods.kto)


@pytest.mark.parametrize("method", [*METHODS, methods.chosen], ids=lambda m: m.__name__)
def test_the_chosen_answers_rise(small, supervised, tmp_path, method):
    summary = method(supervised, small / "pairs.jsonl", tmp_path / "out", 1e-3, 12, 8, beta=0.3, seed=1)
    assert summary["steps"] == 12 and summary["answers" if method is methods.kto else "pairs"] > 0
    assert all("logps/chosen" in r for r in track.rows(tmp_path / "out") if "loss" in r)
    assert method is not methods.ipo or summary["first_loss"] == pytest.approx((1 / 0.6) ** 2, rel=0.02), "nothing has moved yet: (1 / 2β)²"
    before, after = (likelihoods(folder, small / "pairs.jsonl") for folder in (supervised, tmp_path / "out"))
    assert after[0] - after[1] > before[0] - before[1] if method is not methods.chosen else after[0] > before[0]


@torch.no_grad()
def likelihoods(folder, pairs):
    """Mean log p of all chosen and of all rejected answers."""
    model, tokenizer = weights.load(folder)
    rows, _ = teaching.fitting_pairs(tokenizer, teaching.pairs(pairs), weights.window(model), "pairs")
    sums, _ = comparing.scored(model, comparing.collated(0)(rows))
    return [part.mean().item() for part in sums.chunk(2)]


def minus_log_sigmoid(x):
    return math.log(1 + math.exp(-x))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (methods.simpo, minus_log_sigmoid(3 * (-2 + 3) - 0.5)),
        (methods.orpo, 2 + 0.3 * minus_log_sigmoid((-2 - math.log(1 - math.exp(-2))) - (-3 - math.log(1 - math.exp(-3))))),
        (methods.chosen, 2.0),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_losses_are_those_of_the_formulas(monkeypatch, method, expected):
    """By hand: log p of -4 over 2 tokens and of -9 over 3, 1 and 0.5 more than the reference has; β is .3."""
    seen = {}
    monkeypatch.setattr(comparing, "learn", lambda loss, *_: seen.update(loss=loss))
    method(None, None, None, 0, 1, 1, beta=0.3)
    now, lengths, before = ([torch.tensor([float(x)]) for x in pair] for pair in ((-4, -9), (2, 3), (-5, -9.5)))
    assert seen["loss"](*now, lengths, before).item() == pytest.approx(expected, rel=1e-5)


def test_kto_is_the_value_of_kahneman_and_tversky(monkeypatch):
    """By hand: of log-ratios of 1 and .5 with a β of .3 the weighed mean is the reference, and each answer's loss is its own."""
    seen = {}
    monkeypatch.setattr(comparing, "learn", lambda loss, *_, **how: seen.update(loss=loss, **how))
    methods.kto(None, None, None, 0, 1, 1, beta=0.3)
    loss = lambda weights: seen["loss"](torch.tensor([-4.0, -9.0]), torch.tensor([-5.0, -9.5]), torch.tensor([True, False]), weights)  # noqa: E731
    sigma = lambda x: 1 / (1 + math.exp(-x))  # noqa: E731
    assert seen["trainer"] is comparing.Rating
    assert loss(torch.ones(2)).tolist() == pytest.approx([1 - sigma(0.3 - 0.225), 1 - sigma(0.225 - 0.15)])
    point = (0.3 * 0.5 + 0.15 * 1.5) / 2
    assert loss(torch.tensor([0.5, 1.5])).tolist() == pytest.approx([0.5 * (1 - sigma(0.3 - point)), 1.5 * (1 - sigma(point - 0.15))])


def test_liked_and_disliked_answers_weigh_the_same_together():
    assert comparing.balanced([True] * 3 + [False]) == {True: pytest.approx(2 / 3), False: 2.0}
    assert comparing.balanced([True] * 3)[True] == comparing.balanced([True, False])[False] == 1.0


def thumbs(pairs, path):
    """Every second prompt with a liked answer alone, the others with a disliked one: nobody has a partner."""
    rows = [
        {"prompt": pair["prompt"], "completion": pair["rejected" if n % 2 else "chosen"], "label": n % 2 == 0}
        for n, pair in enumerate(teaching.pairs(pairs))
    ]
    write_jsonl(path, rows)
    return path


def test_answers_without_a_partner_are_learnt_from_where_a_method_can(small, supervised, tmp_path):
    alone = thumbs(small / "pairs.jsonl", tmp_path / "thumbs.jsonl")
    summary = methods.kto(supervised, alone, tmp_path / "out", 1e-3, 12, 8, beta=0.3, seed=1)
    assert summary["answers"] + sum(summary["left_out"].values()) == len(teaching.thumbs(alone)) and "pairs" not in summary
    before, after = (likelihoods(folder, small / "pairs.jsonl") for folder in (supervised, tmp_path / "out"))
    assert after[0] - after[1] > before[0] - before[1]
    for method in (methods.simpo, posttrain.dpo, onpolicy.grpo, reward.reward):
        with pytest.raises(UserError, match="rated alone, and no pair"):
            method(supervised, alone, tmp_path / "none", 1e-3, 2, 4)
    write_jsonl(tmp_path / "mixed.jsonl", [*jsonl(small / "pairs.jsonl"), *jsonl(alone)])
    (tmp_path / "dpo").mkdir()
    summary = posttrain.dpo(supervised, tmp_path / "mixed.jsonl", tmp_path / "dpo", 1e-4, 2, 4)
    assert summary["left_out"]["an answer that was rated alone, which this method cannot learn from"] == len(jsonl(alone))


def test_sums_over_the_answers_alone(small, supervised):
    model, tokenizer = weights.load(supervised)
    rows = [
        {"prompt_ids": [2, 3, 4], "chosen_ids": [5, 6], "rejected_ids": [7]},
        {"prompt_ids": [2], "chosen_ids": [8], "rejected_ids": [9, 10, 11]},
    ]
    sums, lengths = comparing.scored(model, comparing.collated(0)(rows))
    assert lengths.tolist() == [2, 1, 1, 3]
    for found, (before, said) in zip(sums.tolist(), (([2, 3, 4], [5, 6]), ([2], [8]), ([2, 3, 4], [7]), ([2], [9, 10, 11]))):
        logp = torch.log_softmax(model(input_ids=torch.tensor([before + said])).logits[0].float(), -1)
        alone = sum(logp[len(before) - 1 + n, token] for n, token in enumerate(said)).item()
        assert found == pytest.approx(alone, abs=1e-3), "padding changes nothing"


@pytest.mark.parametrize(
    ("method", "inside", "loss"),
    [
        ("posttrain.dpo", {"direct"}, "trl.DPOTrainer with loss_type sigmoid"),
        ("methods.ipo", {"direct"}, "trl.DPOTrainer with loss_type ipo"),
        ("methods.simpo", {"learn", "Comparing"}, None),
        ("methods.kto", {"learn", "Comparing", "Rating"}, None),
        ("onpolicy.best_of", {"rounds", "learn", "Comparing"}, None),
        ("onpolicy.grpo", {"policy"}, "trl.GRPOTrainer with loss_type grpo"),
        ("onpolicy.rloo", {"policy"}, "trl.RLOOTrainer"),
        ("onpolicy.grpo_learnt", {"reward_model", "reward", "grpo", "policy"}, "trl.RewardTrainer"),
        ("posttrain.no_preference", set(), None),
        ("posttrain.sft", set(), "trl.SFTTrainer"),
    ],
)
def test_the_page_shows_the_code_that_learns(method, inside, loss):
    """A wrapper of one line is not what ran."""
    found = dotted.function(f"llmlab.training.{method}")
    sources, trainers = launch.followed(found)
    assert set(sources) == {found.__name__, *inside} and (loss in trainers if loss else not trainers)
    shown = launch.show(f"llmlab.training.{method}").markup
    assert all(f"def {name}(" in shown or f"class {name}(" in shown for name in inside) and (not loss or loss in shown)


def test_a_page_shows_no_endless_code(monkeypatch):
    monkeypatch.setattr(launch, "LINES", 5)
    assert "# … " in launch.show(launch.step).markup and "lines more" in launch.show(launch.step).markup
