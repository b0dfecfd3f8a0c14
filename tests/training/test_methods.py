"""Each method moves what it says: the chosen answers above the rejected ones; and its first loss is what its formula gives."""

import math
from types import SimpleNamespace

import pytest
import torch

from llmlab.data import teaching, tokens
from llmlab.models import families, weights
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
    assert method is not methods.kto or summary["first_loss"] == pytest.approx(0.5, abs=0.01), "nothing was gained yet: 1 - σ(0)"
    before, after = (likelihoods(folder, small / "pairs.jsonl") for folder in (supervised, tmp_path / "out"))
    assert after[0] - after[1] > before[0] - before[1] if method is not methods.chosen else after[0] > before[0]


@pytest.mark.parametrize("family", ["moe", "rnn", "ssm"])
def test_answers_that_were_rated_alone_teach_any_family_and_an_adapter(small, tmp_path, family):
    """TRL's trainer is handed models that it does not know; with an adapter the reference is the model without it."""
    families.initialise(families.configure(family, 600, 32, 2, 2, 64), 0).save_pretrained(tmp_path / "start")
    tokens.load(small / "tokenizer").save_pretrained(tmp_path / "start")
    for adapter in ("full", "lora"):
        out = tmp_path / adapter
        out.mkdir()
        summary = methods.kto(tmp_path / "start", small / "pairs.jsonl", out, 1e-3, 3, 4, adapter=adapter, rank=2, seed=1)
        assert summary["first_loss"] == pytest.approx(0.5, abs=0.02) and weights.load(out)


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
    ("method", "beta", "expected"),
    [
        (methods.simpo, 3.0, minus_log_sigmoid(3 * (-2 + 3) - 0.5)),
        (methods.orpo, 0.3, 2 + 0.3 * minus_log_sigmoid((-2 - math.log(1 - math.exp(-2))) - (-3 - math.log(1 - math.exp(-3))))),
        (methods.chosen, None, 2.0),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_losses_are_those_of_the_formulas(monkeypatch, method, beta, expected):
    """By hand: log p of -4 over 2 tokens and of -9 over 3, 1 and 0.5 more than the reference has."""
    assert loss_of(monkeypatch, method, beta=beta).item() == pytest.approx(expected, rel=1e-5)


def loss_of(monkeypatch, method, **how):
    seen = {}
    monkeypatch.setattr(comparing, "learn", lambda loss, *_: seen.update(loss=loss))
    method(None, None, None, 0, 1, 1, **how)
    now, lengths, before = ([torch.tensor([float(x)]) for x in pair] for pair in ((-4, -9), (2, 3), (-5, -9.5)))
    return seen["loss"](*now, lengths, before)


def test_losses_are_those_of_the_trl_that_is_installed(monkeypatch):
    """Its trainers of SimPO and ORPO are experimental, so that only what they work out is held against ours; both take means per token."""
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.cpo import CPOTrainer
    from trl.experimental.orpo import ORPOTrainer

    good, bad = torch.tensor([-2.0]), torch.tensor([-3.0])
    known = SimpleNamespace(
        beta=2.5, loss_type="simpo", simpo_gamma=1.2, alpha=0.0, label_smoothing=0, accelerator=SimpleNamespace(device="cpu")
    )
    theirs = CPOTrainer.cpo_loss(known, good, bad)[0]
    assert loss_of(monkeypatch, methods.simpo, beta=2.5, margin=1.2).item() == pytest.approx(theirs.item(), rel=1e-5)
    ratio = ORPOTrainer.odds_ratio_loss(SimpleNamespace(beta=0.3, accelerator=known.accelerator), good, bad)[
        0
    ]  # what is taken off the loss of the chosen
    assert loss_of(monkeypatch, methods.orpo, beta=0.3).item() == pytest.approx((2.0 - ratio).item(), rel=1e-5)


def test_answers_that_were_rated_alone_are_read_in_batches_in_which_each_has_anothers():
    rows = [{"prompt_ids": [n], "completion_ids": [10 + n], "label": n % 2 == 0} for n in range(6)]
    read = methods._rotated(rows, 16, 4, seed=1)
    assert len(read) == 16 and sorted(r["prompt_ids"][0] for r in read[:6]) == sorted(r["prompt_ids"][0] for r in read[6:12]) == list(
        range(6)
    )
    for start in range(0, 16, 4):
        batch = read[start : start + 4]
        assert [r["KL_completion_ids"] for r in batch] == [batch[n - 1]["completion_ids"] for n in range(4)]
    assert methods._rotated(rows, 16, 4, seed=1) == read != methods._rotated(rows, 16, 4, seed=2)


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
        ("methods.kto", set(), "trl.KTOTrainer with loss_type kto"),
        ("onpolicy.best_of", {"rounds", "learn", "Comparing"}, None),
        ("onpolicy.grpo", {"policy"}, "trl.GRPOTrainer with loss_type grpo"),
        ("onpolicy.rloo", {"policy"}, "trl.RLOOTrainer"),
        ("onpolicy.grpo_learnt", {"reward_model", "reward", "grpo", "policy"}, "trl.RewardTrainer"),
        ("onpolicy.rloo_learnt", {"reward_model", "reward", "rloo", "policy"}, "trl.RLOOTrainer"),
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
