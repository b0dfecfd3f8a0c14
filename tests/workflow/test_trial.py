"""`llmlab try`: pairs of runs that differ by one change, and a ledger that keeps what came of it."""

import json
import math
import shutil

import numpy
import pytest
from click.testing import CliRunner

from llmlab.cli import main
from llmlab.data import tasks
from llmlab.evaluation import history, stats
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_json
from llmlab.spine.params import parse_options
from llmlab.spine.run import Run, existing
from llmlab.workflow import execution, ledger, outcome, pipeline, trial

THREE, FIVE, SIX = "3_pretraining", "5_post_training", "6_fine_tuning"


def test_a_learning_rate_of_nothing_is_worse_and_stands_in_the_ledger(copy):
    """Two seeds of two arms; the first seed of the run as it is has been trained already. Asked again, nothing is trained."""
    said = []
    row = trial.trial(copy, parse_options(["3.learning_rate=1e-7"]), seeds=2, echo=said.append)
    assert row["verdict"] == ledger.WORSE and row["high"] < 0 and row["on"] == outcome.BITS and row["items"] > 10
    assert "no trial of this run has measured it yet" in said[0] and row["foreseen"] is None, "what can be seen is said before"
    assert len(said) == 4 and row["runs"]["baseline"][0] == existing(copy).place and len(set(sum(row["runs"].values(), []))) == 4
    assert row["difference"] == pytest.approx(numpy.mean(row["baseline"]) - numpy.mean(row["variant"]), abs=1e-4), "fewer bits are better"
    before = [existing(copy.parent / "copy-trials" / name.rpartition("/")[2]).done(THREE)["started"] for name in row["runs"]["variant"]]
    runner = CliRunner().invoke(main, ["try", str(copy), "-p", "3.learning_rate=1e-7", "--seeds", "2", "--json"])
    again = json.loads(runner.stdout)
    assert runner.exit_code == 4 and again["difference"] == row["difference"] and again["foreseen"] == row["detectable"]
    assert before == [
        existing(copy.parent / "copy-trials" / name.rpartition("/")[2]).done(THREE)["started"] for name in row["runs"]["variant"]
    ]
    assert [r["verdict"] for r in jsonl(copy.parent / "ledger.jsonl")] == [ledger.WORSE] * 2
    page = (copy.parent / "ledger.html").read_text()
    assert "learning_rate" in page and "2 worse" in page and "could have shown" in page and "The best so far" in page


@pytest.fixture
def untrained(monkeypatch):
    """No arm may be trained."""
    monkeypatch.setattr(trial.pipeline, "run", lambda *a, **k: pytest.fail("something was trained"))


@pytest.mark.parametrize(
    ("options", "how", "words"),
    [
        (["sft_steps=6"], {}, "nothing would be changed"),
        (["7.limit=3"], {}, "changes no model"),
        (["5.limit=3"], {}, "changes no model"),
        (["seeds=3"], {}, "changes no model"),
        (["rival_seconds=20"], {}, "changes no model"),
        (["2.pages=170"], {"on": outcome.BITS}, "other validation text"),
        (["sft_steps=7"], {"on": outcome.BITS}, "does not touch"),
        (["5.seed=7"], {}, "varies itself"),
        (["sft_steps=7"], {"on": "catalog"}, "did you mean 'catalogue'"),
        (["sft_steps=7"], {"on": "outsider_facts"}, "asked at the end alone"),
        (["sft_steps=7"], {"on": "catalogue.worst"}, "no groups that ought to be treated alike"),
        (["sft_steps=7"], {"on": "catalogue.gap"}, "does not ask the same about two groups"),
        (["sft_learning_rate=0.1"], {"minutes": -1.0}, "--minutes -1"),
        (["sft_learning_rate=0.1"], {"minutes": math.nan}, "--minutes nan"),
        (["sft_learning_rate=0.1"], {"margin": -0.1}, "--margin"),
        (["1.tokens_seen=20000"], {"minutes": 1.0}, "tokens_seen beside --minutes"),
        (["sft_steps=7"], {"same": "minutes"}, "sft_steps beside --minutes or --same minutes"),
        (["student_layers=9"], {}, "the teacher has 2 layers"),
    ],
)
def test_what_cannot_be_tried_is_said_before_anything_is_trained(copy, untrained, options, how, words):
    with pytest.raises(UserError, match=words):
        trial.trial(copy, parse_options(options), echo=lambda said: None, **how)
    assert not (copy.parent / "ledger.jsonl").exists()


def test_where_a_change_is_measured(copy):
    run = existing(copy)
    span = lambda *options, on="": trial._span(run, trial._change(run, parse_options(options)), on)[1:]  # noqa: E731
    assert (
        span("sft_steps=7") == (FIVE, "catalogue")
        and span("adapter=lora", "student_layers=2") == (SIX, "catalogue")
        and span("2.pages=170") == (FIVE, "catalogue")
    )
    assert span("3.learning_rate=0.1") == (THREE, outcome.BITS) and span("vocab_size=700") == (THREE, outcome.BITS)
    assert span("sft_steps=7", on="speed") == (SIX, "speed") and span("sft_steps=7", on="bias") == (FIVE, "bias")
    for on in ("bias", "bias.worst", "fairness.gap", "speed", "size"):
        outcome.check(run, on)


def test_what_can_be_seen_is_known_by_the_wordings(copy):
    run = existing(copy)
    least, words = outcome.foreseen(run, "catalogue", [], 0.95)
    items = next(t["items"] for t in tasks.read(run["2_dataset_engineering/tasks"], "validation") if t["name"] == "catalogue")
    assert least == stats.one_way(len({i["cluster"] for i in items})) and f"{least:.4f} at best" in words
    earlier = [
        {"run": run.place, "on": "catalogue", "detectable": 0.2, "seeds": 3},
        {"run": "another", "on": "catalogue", "detectable": 0.9},
    ]
    assert outcome.foreseen(run, "catalogue", earlier, 0.95)[0] == 0.2


def test_arms_of_different_changes_share_no_folder(copy, monkeypatch):
    """Nor do the same parameter in two phases, or seeds under a long name."""
    made = []
    monkeypatch.setattr(trial.pipeline, "run", lambda place, layers, parent, only, echo, spared: made.append((place, layers, spared)))
    monkeypatch.setattr(trial, "Run", lambda place: place)
    run = existing(copy)
    for change in ({THREE: {"adapter": "lora"}}, {FIVE: {"adapter": "lora"}}, {FIVE: {"system": "a" * 200}}):
        for n in range(2):
            told = {**trial._seeded(run, min(change), FIVE, n), **change}
            trial._made(run, "variant", told, change, FIVE, n, lambda said: None)
            assert made[-1][1:] == ([told], trial.BESIDE), "what is trained beside the model is left out, and changes nothing by that"
    assert len({place for place, _, _ in made}) == 6


def test_what_a_run_trains_beside_its_model_makes_no_arm_train_again(copy, monkeypatch):
    """A run with three seeds: a change of phase 6 shares its phase 5, and one of phase 5 trains one."""
    record = read_json(copy / FIVE / "phase.json")
    write_json(copy / FIVE / "phase.json", {**record, "params": {**record["params"], "seeds": 3}})
    run = Run(copy)
    run.record["overrides"].setdefault(FIVE, {})["seeds"] = 3
    run.save()
    executed = []
    monkeypatch.setattr(execution, "phase", lambda experiment, phase, params, force: executed.append((phase, params)))
    walk = lambda options, only: pipeline.run(  # noqa: E731
        copy.parent / "-".join(options), [parse_options(options)], copy, [only], echo=lambda said: None, spared=trial.BESIDE
    )
    assert walk(["distill_steps=5"], FIVE) == [] and not executed
    assert walk(["sft_steps=5"], FIVE) == [FIVE]
    assert (executed[0][1]["seeds"], executed[0][1]["sft_steps"]) == (1, 5)


def test_minutes_shorten_both_arms_alike(copy):
    run = existing(copy)
    taken, change = trial.learning(run, THREE), {THREE: {"learning_rate": 0.1}}
    short = trial._shortened(run, change, THREE, THREE, taken / 120)
    assert short[THREE]["tokens_seen"] == pytest.approx(6000, rel=0.01) and trial._shortened(run, change, THREE, THREE, 0) == {}
    write_json(copy / THREE / "model/.step.json", {"key": "", "summary": {}})
    with pytest.raises(UserError, match="shows no pace"):
        trial._paceable(run, change, THREE, THREE)


def test_what_is_trained_beside_the_model_is_no_cost_of_it(copy):
    run = existing(copy)
    before = trial.learning(run, FIVE)
    (copy / FIVE / "rivals/ipo-1").mkdir(parents=True)
    write_json(copy / FIVE / "rivals/ipo-1/.step.json", {"key": "", "summary": {}, "learning_seconds": 1000.0})
    assert trial.learning(run, FIVE) == before == trial.spent(run, FIVE, FIVE) and 0 < before < 500


def test_another_batch_size_reads_as_many_examples(copy):
    run = existing(copy)
    size, steps = (run.params(FIVE)[name] for name in ("sft_batch_size", "sft_steps"))
    adjusted = lambda short, change: trial._adjusted(run, change, FIVE, FIVE, short, trial.TOKENS, print)  # noqa: E731
    found = adjusted({}, {FIVE: {"sft_batch_size": 2 * size}})
    assert found == {FIVE: {"sft_steps": round(steps / 2)}} and adjusted({}, {FIVE: {"sft_steps": 9}}) == {}
    assert adjusted({FIVE: {"sft_steps": 8}}, {FIVE: {"sft_batch_size": 2 * size}}) == {FIVE: {"sft_steps": 4}}


def test_the_same_minutes_are_fewer_steps_of_a_change_that_makes_them_dearer(copy, monkeypatch):
    run, change, made = existing(copy), {FIVE: {"sft_batch_size": 8}}, []
    monkeypatch.setattr(trial, "_made", lambda run, arm, told, *rest: made.append((arm, told)) or arm)
    monkeypatch.setattr(trial, "_seconds", lambda arm, phase, of: {"baseline": 1.0, "variant": 2.0}[arm] if of == "sft" else 1.0)
    short = {FIVE: {"sft_steps": 400, "preference_steps": 100}}
    found = trial._adjusted(run, change, FIVE, FIVE, short, trial.MINUTES, print)
    assert found == {FIVE: {"sft_steps": 200, "preference_steps": 100}}
    assert [arm for arm, _ in made] == ["baseline", "variant"] and made[0][1] == {FIVE: {"sft_steps": 40, "preference_steps": 20}}
    assert made[1][1][FIVE] == {"sft_steps": 40, "preference_steps": 20, "sft_batch_size": 8}, "both show their pace in as many steps"


# --- outcomes ---------------------------------------------------------------------------------------------------------------------------
def samples(task, answers):
    """Samples of a task: answers {(group, pair): score}."""
    return [
        {"task": task, "item": f"{group}-{pair}", "score": float(s), "cluster": str(pair), "group": group, "pair": pair}
        for (group, pair), s in answers.items()
    ]


def decided(monkeypatch, copy, on, *seeds):
    """The outcome of arms whose answers are given: a pair (baseline, variant) for each seed."""
    run, arms = existing(copy), {"baseline": [b for b, _ in seeds], "variant": [v for _, v in seeds]}
    monkeypatch.setattr(outcome, "_asked", lambda run, arm, on, until: samples(outcome.task_of(on), arm))
    return outcome.compared(run, arms, on, FIVE)


def shares(**groups):
    """Answers of each group, of which a share of one in so many items is 1."""
    return {(group, n): n < share * 60 for group, share in groups.items() for n in range(60)}


def test_evenness_is_something_that_a_change_can_be_tried_for(copy, monkeypatch):
    uneven, even = shares(wife=0.9, aunt=0.1), shares(wife=0.5, aunt=0.5)
    found = decided(monkeypatch, copy, "bias", (uneven, even), (uneven, even))
    assert found["verdict"] == ledger.BETTER and found["baseline"] == [0.4, 0.4] and found["difference"] == pytest.approx(0.4)
    assert decided(monkeypatch, copy, "bias", (even, uneven), (even, uneven))["verdict"] == ledger.WORSE
    one, other = shares(wife=0.9, aunt=0.9), shares(wife=0.1, aunt=0.1)
    assert decided(monkeypatch, copy, "bias", (one, even), (other, even))["verdict"] == ledger.BETTER, "seeds do not cancel each other"
    assert decided(monkeypatch, copy, "bias", (one, other), (other, one))["verdict"] == ledger.UNSURE, (
        "a preference turned round is no gain"
    )


def test_the_worst_group_and_the_gap_count_too(copy, monkeypatch):
    uneven, less = shares(wife=0.9, aunt=0.6), shares(wife=0.5, aunt=0.6)
    found = decided(monkeypatch, copy, "bias.worst", (uneven, less), (uneven, less))
    assert found["verdict"] == ledger.BETTER and found["baseline"] == pytest.approx([0.4, 0.4])
    assert found["difference"] == pytest.approx(0.3) and found["variant"] == pytest.approx([0.1, 0.1])
    gap = decided(monkeypatch, copy, "fairness.gap", (uneven, less), (uneven, less))
    assert gap["baseline"] == pytest.approx([0.3, 0.3]) and gap["difference"] == pytest.approx(0.2) and gap["items"] == 60


def test_what_is_unfair_in_one_pair_does_not_make_up_for_another(monkeypatch, copy):
    """The pairs of several pairs of people have the same numbers and groups: they overwrote each other, and their means cancelled."""
    rows = [
        {"item": f"{of}-{group}-{n}", "score": float(group == best), "cluster": str(n), "group": group, "pair": n, "between": of}
        for of, best in (("aunt or uncle", "one"), ("wife or husband", "other"))
        for group in ("one", "other")
        for n in range(30)
    ]
    found = outcome._paired(rows)
    assert len(found) == 60 and outcome._mean(found, sorted(found), "fairness.gap", {"better": "higher"}) == 1.0


def frontier(path, *rows):
    """Makes phase 6 of a run one that has made these variants: (name, good and fast enough, picked)."""
    write_json(
        path / SIX / "frontier.json",
        [{"variant": v, "allowed": a, "picked": p, "megabytes": 3.0 - n, "ms_per_token": 1.0} for n, (v, a, p) in enumerate(rows)],
    )


def test_a_student_that_is_good_for_nothing_is_not_hidden_by_the_assistant(copy):
    """The arm's phase 6 would publish the assistant instead; it is measured by its student all the same, and has nothing to publish."""
    shutil.copytree(copy, copy.with_name("arm"))
    run, arm = existing(copy), existing(copy.with_name("arm"))
    frontier(copy, ("assistant", False, False), ("student", True, True))
    frontier(arm.path, ("assistant", False, True), ("student", False, False))
    assert outcome.model(run, arm, SIX) == arm.path / SIX / "variants/student" and outcome.meant(run, run) == "student"
    assert outcome._published(run, {"baseline": [run] * 3, "variant": [arm] * 3})["published"] == {"baseline": [3, 3], "variant": [0, 3]}
    better, published = {"low": 0.1, "high": 0.2, "difference": 0.15}, lambda n: {"baseline": [3, 3], "variant": [n, 3]}
    assert outcome._verdict(better, published(0), 0)["verdict"] == ledger.WORSE
    assert [outcome._verdict(better, published(n), 0)["verdict"] for n in (2, 3)] == [ledger.UNSURE, ledger.BETTER]
    frontier(copy, ("assistant", False, True), ("student", False, False))
    assert outcome.meant(run, arm) == "student", "of a run that had to fall back, what it tried to make"


def test_still_as_good_is_an_answer_where_a_margin_is_named():
    found = {"low": -0.01, "high": 0.02, "difference": 0.0}
    assert [outcome._verdict(found, None, margin)["verdict"] for margin in (0, 0.005, 0.02)] == [
        ledger.UNSURE,
        ledger.UNSURE,
        ledger.AS_GOOD,
    ]


def test_speed_and_size_are_measured_of_what_phase_6_makes(copy, monkeypatch):
    run = existing(copy)
    frontier(copy, ("assistant", False, False), ("student", True, True))
    size = outcome.compared(run, {"baseline": [run, run], "variant": [run, run]}, "size", SIX)
    assert (size["difference"], size["verdict"], size["model"]) == (0, ledger.UNSURE, "student") and size["baseline"][0] > 1
    waits = iter([4.0, 4.0, 2.0, 2.0])
    monkeypatch.setattr(outcome.speed, "measure", lambda folder, asked: {"answers_ms": [next(waits)] * 20})
    fast = outcome.compared(run, {"baseline": [run, run], "variant": [run, run]}, "speed", SIX)
    assert fast["verdict"] == ledger.BETTER and fast["difference"] == pytest.approx(math.log(2))


# --- failures ---------------------------------------------------------------------------------------------------------------------------
def failing(monkeypatch, kind, arm="learning_rate"):
    """Every arm whose name holds a word fails with an error of a kind; the others are the run itself."""

    def run(place, *rest, **more):
        if arm in place.name:
            raise execution.PhaseFailed("3_pretraining failed in cell 9: the gradient is not finite\n  partial report", kind)

    monkeypatch.setattr(trial.pipeline, "run", run)
    monkeypatch.setattr(execution, "ledger", lambda run, path: path)
    monkeypatch.setattr(trial, "Run", lambda path, *parent, make=Run: make(path, *parent))


def test_a_change_with_which_training_runs_away_is_worse(copy, monkeypatch):
    failing(monkeypatch, "Diverged")
    done = CliRunner().invoke(main, ["try", str(copy), "-p", "3.learning_rate=0.9", "--seeds", "2", "--json"])
    row = json.loads(done.stdout)
    assert done.exit_code == 4 and row["verdict"] == ledger.WORSE and row["change"] == {"3_pretraining.learning_rate": 0.9}
    assert "error" not in row and "ran away" in row["why"] and "ran away" in ledger.said(row)
    assert row["runs"] == {"baseline": [existing(copy).place], "variant": []} and row["seconds"] == {}


def test_what_failed_otherwise_says_nothing_of_the_change(copy, monkeypatch):
    failing(monkeypatch, "MemoryError")
    done = CliRunner().invoke(main, ["try", str(copy), "-p", "3.learning_rate=0.9", "--seeds", "2", "--json"])
    row = json.loads(done.stdout)
    assert done.exit_code == 1 and row["verdict"] == ledger.UNSURE and row["error"].startswith("3_pretraining failed")
    assert "3_pretraining failed" in done.stderr and jsonl(copy.parent / "ledger.jsonl") == [row]
    assert "failed, and says nothing" in {t.get_text().strip() for t in history.trials([row]).axes[0].texts}


def test_a_phase_says_whether_training_ran_away(copy, monkeypatch):
    from papermill.exceptions import PapermillExecutionError

    def fail(*a, ename):
        raise PapermillExecutionError(1, 9, "source", ename, "the gradient is not finite", [])

    for ename, away in (("Diverged", True), ("UserError", False)):
        monkeypatch.setattr(execution, "execute", lambda *a, ename=ename: fail(ename=ename))
        monkeypatch.setattr(execution.report, "render", lambda *a: None)
        with pytest.raises(execution.PhaseFailed) as error:
            execution.phase(existing(copy), THREE, {})
        assert error.value.ran_away is away


# --- sweeps -----------------------------------------------------------------------------------------------------------------------------
def test_a_comma_within_brackets_belongs_to_its_value():
    assert trial.several("bits=[8,4],[8]") == ["bits=[8,4]", "bits=[8]"]
    assert trial.several("preference=a.dpo,b.ipo(beta=0.1, steps=3)") == ["preference=a.dpo", "preference=b.ipo(beta=0.1, steps=3)"]


def swept(copy, monkeypatch, outcomes, *more):
    """A sweep whose trials come out as told, by value."""
    made = []

    def tried(path, layer, **how):
        value = layer["all"]["sft_steps"]
        made.append((value, how["level"]))
        nothing = {**ledger.NOTHING, "seconds": {}, "runs": {}, "seeds": 2, "items": 0}
        row = {**ledger.begun(existing(copy), {FIVE: {"sft_steps": value}}, "catalogue"), **nothing, **outcomes[value]}
        return ledger.append(ledger.of(existing(copy)), row)

    monkeypatch.setattr(trial, "trial", tried)
    drawn = []
    monkeypatch.setattr(execution, "ledger", lambda run, path: drawn.append(path))
    return CliRunner().invoke(main, ["sweep", str(copy), "-p", f"sft_steps={','.join(outcomes)}", *more]), made, drawn


def test_a_value_that_fails_does_not_end_a_sweep(copy, monkeypatch):
    failed, worse, unsure = {"verdict": ledger.UNSURE, "error": "no memory"}, {"verdict": ledger.WORSE}, {"verdict": ledger.UNSURE}
    done, made, drawn = swept(copy, monkeypatch, {"7": failed, "8": {"verdict": ledger.BETTER}}, "--json")
    assert done.exit_code == 1 and [v for v, _ in made] == ["7", "8"] and made[0][1] == 0.975 and drawn
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == [ledger.UNSURE, ledger.BETTER]
    for rows, code in (({"7": worse, "8": {"verdict": ledger.BETTER}}, 0), ({"7": worse, "8": unsure}, 5), ({"7": worse}, 4)):
        assert swept(copy, monkeypatch, rows)[0].exit_code == code


def test_a_sweep_of_what_cannot_be_is_told_before_anything_is_trained(copy, monkeypatch, untrained):
    for values, words in (
        ("sft_steps=6", "is another than"),
        ("sft_steps=7,some", "is no int"),
        ("student_layers=1,9", "the teacher has 2 layers"),
    ):
        done = CliRunner().invoke(main, ["sweep", str(copy), "-p", values])
        assert done.exit_code == 2 and words in done.stderr, done.stderr


# --- chance -----------------------------------------------------------------------------------------------------------------------------
def test_what_decides_is_never_surer_than_it_can_be():
    """Five items that were all gained, one cluster, and training that ran away."""
    found = stats.over_seeds([[1.0] * 5] * 2, list(range(5)), True)
    assert found["low"] < 0.5 and found["detectable"] > 0.5
    assert stats.over_seeds([[0.5, 0.4]] * 2, [0, 0], False)["low"] == -numpy.inf


def test_a_line_is_json_that_any_program_reads(tmp_path):
    row = {"low": -math.inf, "high": [math.nan, 1.0], "change": {"a.b": 1}}
    assert ledger.append(tmp_path / "ledger.jsonl", row) == {"low": None, "high": [None, 1.0], "change": {"a.b": 1}}
    assert "Infinity" not in (tmp_path / "ledger.jsonl").read_text()


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


def test_the_best_grows_from_round_to_round():
    row = lambda run, made, gain, verdict: {  # noqa: E731
        "run": run, "on": "catalogue", "difference": gain, "low": gain - 0.01, "high": gain + 0.01, "noise": 0.02, "verdict": verdict,
        "detectable": 0.05, "runs": {"baseline": [run], "variant": [made]}, "change": {"a.b": 1},
    }  # fmt: skip
    rows = [
        row("a", "b", 0.1, ledger.BETTER),
        row("b", "c", 0.05, ledger.UNSURE),
        row("b", "d", 0.2, ledger.BETTER),
        row("a", "e", 0.2, ledger.BETTER),
    ]
    assert [(round(level, 2), round(best, 2)) for _, level, best in history.levels(rows)] == [
        (0.1, 0.1),
        (0.15, 0.1),
        (0.3, 0.3),
        (0.2, 0.3),
    ]
    assert "+0.3000 after 4 trials" in history.best(rows).alt and history.best([{**rows[0], "difference": None}]) is None
