"""`llmlab try`: pairs of runs that differ by one change, and a ledger that keeps what came of it."""

import json

import numpy
import pytest
from click.testing import CliRunner

from llmlab.cli import main
from llmlab.evaluation import stats
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import parse_options
from llmlab.spine.run import existing
from llmlab.workflow import ledger, trial

THREE, FIVE, SIX = "3_pretraining", "5_post_training", "6_fine_tuning"


def test_a_learning_rate_of_nothing_is_worse_and_stands_in_the_ledger(copy):
    """Two seeds of two arms; the first seed of the run as it is has been trained already. Asked again, nothing is trained."""
    said = []
    row = trial.trial(copy, parse_options(["3.learning_rate=1e-7"]), seeds=2, echo=said.append)
    assert row["verdict"] == ledger.WORSE and row["high"] < 0 and row["on"] == trial.BITS and row["items"] > 10
    assert len(said) == 3 and row["runs"]["baseline"][0] == existing(copy).place and len(set(sum(row["runs"].values(), []))) == 4
    assert row["difference"] == pytest.approx(numpy.mean(row["baseline"]) - numpy.mean(row["variant"]), abs=1e-4), "fewer bits are better"
    before = [existing(copy.parent / "copy-trials" / name.rpartition("/")[2]).done(THREE)["started"] for name in row["runs"]["variant"]]
    runner = CliRunner().invoke(main, ["try", str(copy), "-p", "3.learning_rate=1e-7", "--seeds", "2", "--json"])
    again = json.loads(runner.stdout)
    assert runner.exit_code == 4 and again["difference"] == row["difference"]
    assert before == [
        existing(copy.parent / "copy-trials" / name.rpartition("/")[2]).done(THREE)["started"] for name in row["runs"]["variant"]
    ]
    assert [r["verdict"] for r in jsonl(copy.parent / "ledger.jsonl")] == [ledger.WORSE] * 2
    page = (copy.parent / "ledger.html").read_text()
    assert "learning_rate" in page and "2 worse" in page and "could have shown" in page


def test_what_cannot_be_tried_says_so(copy):
    run = existing(copy)
    for options, on, words in (
        (["sft_steps=6"], "", "nothing would be changed"),
        (["7.limit=3"], "", "changes no model"),
        (["2.pages=170"], trial.BITS, "other validation text"),
        (["sft_steps=7"], trial.BITS, "does not touch"),
        (["5.seed=7"], "", "varies itself"),
    ):
        with pytest.raises(UserError, match=words):
            trial._span(run, trial._change(run, parse_options(options)), on)
    span = lambda *options: trial._span(run, trial._change(run, parse_options(options)), "")[1:]  # noqa: E731
    assert (
        span("sft_steps=7") == (FIVE, "catalogue")
        and span("adapter=lora", "student_layers=2") == (SIX, "catalogue")
        and span("2.pages=170") == (FIVE, "catalogue")
    )
    assert span("3.learning_rate=0.1") == (THREE, trial.BITS) and span("vocab_size=700") == (THREE, trial.BITS)
    with pytest.raises(UserError, match="there is no task"):
        trial._direction(run, "catalog")
    with pytest.raises(UserError, match="of which more, or less, is better"):
        trial._direction(run, "bias")


def test_arms_of_different_changes_share_no_folder(copy, monkeypatch):
    """Nor do the same parameter in two phases, or seeds under a long name."""
    made = []
    monkeypatch.setattr(trial.pipeline, "run", lambda place, layers, parent, only, echo: made.append((place, layers[0])))
    monkeypatch.setattr(trial, "Run", lambda place: place)
    run = existing(copy)
    for change in ({THREE: {"adapter": "lora"}}, {FIVE: {"adapter": "lora"}}, {FIVE: {"system": "a" * 200}}):
        for n in range(2):
            told = {**trial._seeded(run, min(change), FIVE, n), **change}
            trial._made(run, "variant", told, change, FIVE, n, lambda said: None)
    assert len({place for place, _ in made}) == 6


def test_minutes_shorten_both_arms_alike(copy):
    run = existing(copy)
    taken, change = run.done(THREE)["learning_seconds"], {THREE: {"learning_rate": 0.1}}
    short = trial._shortened(run, change, THREE, THREE, taken / 120)
    assert short[THREE]["tokens_seen"] == pytest.approx(6000, rel=0.01) and trial._shortened(run, change, THREE, THREE, 0) == {}
    with pytest.raises(UserError, match="beside --minutes"):
        trial._shortened(run, {THREE: {"tokens_seen": 9}}, THREE, THREE, 1)


def test_another_batch_size_reads_as_many_examples(copy):
    run, five = trial.existing(copy), "5_post_training"
    size, steps = (run.params(five)[name] for name in ("sft_batch_size", "sft_steps"))
    found = trial._as_much(run, {}, {five: {"sft_batch_size": 2 * size}})
    assert found == {five: {"sft_steps": round(steps / 2)}} and trial._as_much(run, {}, {five: {"sft_steps": 9}}) == {}
    assert trial._as_much(run, {five: {"sft_steps": 8}}, {five: {"sft_batch_size": 2 * size}}) == {five: {"sft_steps": 4}}


def test_what_decides_is_never_surer_than_it_can_be():
    """Five items that were all gained, one cluster, and training that ran away."""
    found = stats.over_seeds([[1.0] * 5] * 2, list(range(5)), True)
    assert found["low"] < 0.5 and found["detectable"] > 0.5
    assert stats.over_seeds([[0.5, 0.4]] * 2, [0, 0], False)["low"] == -numpy.inf


def test_trials_of_nothing_seldom_call_it_something():
    """A/A: three seeds of two equal arms, whose models differ by training noise alone: at most the stated share is called better or worse."""
    rng, called = numpy.random.default_rng(0), 0
    for _ in range(400):
        gains = rng.normal(0, 0.3, (3, 40)) + rng.normal(0, 0.05, (3, 1)) + rng.normal(0, 0.1, (1, 40))
        found = stats.over_seeds(gains.tolist(), list(range(40)), False)
        called += not found["low"] <= 0 <= found["high"]
    assert called / 400 <= 0.07


def test_a_planted_gain_of_the_detectable_size_is_mostly_found():
    rng, found = numpy.random.default_rng(1), 0
    draw = lambda gain: rng.normal(gain, 0.3, (3, 60)) + rng.normal(0, 0.02, (3, 1))  # noqa: E731
    size = float(numpy.mean([stats.over_seeds(draw(0).tolist(), list(range(60)), False)["detectable"] for _ in range(50)]))
    for _ in range(200):
        found += stats.over_seeds(draw(size).tolist(), list(range(60)), False)["low"] > 0
    assert found / 200 >= 0.75
