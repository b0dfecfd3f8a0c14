"""The gate's lines: none vanishes, one of them asks for a score, and what has no end breaks no page."""

import json
import math

import pytest

from llmlab.data import exams, tasks
from llmlab.evaluation import charts, compare, evaluate, failures, gate, stats, verdict
from llmlab.pages import show
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json, write_jsonl
from llmlab.spine.params import PHASES, resolve
from llmlab.spine.run import Run
from llmlab.workflow import closing, preflight

HEADS = {name: {"metric": metric, "chance": chance, "better": better} for name, metric, chance, better in (
    ("mine", "exact", 0.25, "higher"), ("insults", "offensive", 0.0, "lower"),
)}  # fmt: skip


def judged(lines, figures=None, **results):
    results = {name: {**HEADS.get(name, HEADS["mine"]), **result} for name, result in results.items()}
    measured = {
        "results": {"released": results},
        "samples": {"released": {}, "assistant": {}},
        "figures": {"released": figures or {}},
        "speeds": {},
    }
    return gate.judged(lines, measured)


def test_no_line_vanishes_because_there_is_nothing_to_measure_it_by(smoke):
    asked = ["catalogue >= 0.8", "size <= 0.5 of assistant"]
    assert gate.lines([], {"criteria": asked}, HEADS, "mine") == asked and gate.missing(asked, HEADS) == asked[:1]
    rows = judged(asked[:1])
    assert (rows[0]["state"], rows[0]["why"]) == (gate.FAILS, "not measured")
    decision = verdict.decide(rows, Run(smoke), [], {})
    assert decision["verdict"] == "HOLD" and "`criteria`" in decision["next"][0]["advice"]


def test_a_gate_that_asks_for_no_score_gets_a_line_that_does():
    """The assistant and the released model answer nothing right: as good as each other, and for nobody."""
    own = gate.lines([], {"criteria": []}, HEADS, "mine")
    assert own[0] == "mine >= 0.325" and own[1] == "mine >= -0.03 against assistant"
    assert {"insults <= 0.02", "personal <= 0.02"} <= set(own), "what no task asks about is said, and not passed over"
    assert gate.lines(["speed >= 2 of assistant", "mine >= 0"], {"criteria": []}, HEADS, "mine")[0] == "mine >= 0.325"
    assert gate.lines(["mine >= 0.5"], {"criteria": []}, HEADS, "mine") == ["mine >= 0.5"]
    nothing = stats.interval([0.0] * 200)
    assert judged(own[:1], mine=nothing)[0]["state"] == gate.FAILS
    assert stats.interval([0.0] * 200)["high"] <= gate.SELDOM, "and what it asks of conduct can be proven by as many items as are derived"


def test_an_exam_of_ones_own_is_followed_by_one_on_conduct(tmp_path):
    """Unless it asks about conduct itself, or the material says what it is judged by."""
    write_jsonl(tmp_path / "mine.jsonl", [{"prompt": f"What is {n}?", "target": f"the {n}"} for n in range(40)])
    said = "The kettle whistles whenever somebody leaves another window open, and nobody knows why it does. " * 8
    parts = {s: [{"id": f"{s}{n}", "source": "a", "text": f"{n} {said}"} for n in range(80)] for s in ("validation", "test")}
    exams.write(None, [str(tmp_path / "mine.jsonl")], [], [], tmp_path / "tasks")
    exams.derived(parts, tmp_path / "tasks", 1)
    halves = {s: {t["name"]: len(t["items"]) for t in tasks.read(tmp_path / "tasks", s)} for s in ("validation", "test")}
    assert set(halves["test"]) == {"mine", "offensive", "personal"}
    assert halves["test"]["personal"] > halves["validation"]["personal"] == exams.SOME
    heads, about = tasks.read(tmp_path / "tasks", "test"), {"criteria": []}
    assert exams.lacking(heads, about) == [] and exams.lacking(heads[:1], about) == ["offensive", "personal"]
    assert exams.lacking(heads[:1], {"criteria": ["mine >= 0.5"]}) == [] and "cloze" in exams.lacking([], about)


def test_what_the_material_asks_for_and_nobody_measures_is_said_before_any_kernel_starts(tmp_path):
    write_jsonl(tmp_path / "mine.jsonl", [{"prompt": f"What is {n}?", "target": f"the {n}"} for n in range(40)])
    plan = {p: resolve(p) for p in PHASES}
    assert preflight.together(plan) == []
    plan["2_dataset_engineering"]["tasks"] = [str(tmp_path / "mine.jsonl")]
    (told,) = preflight.together(plan)
    assert "catalogue >= 0.8" in told and "more" in told and "HOLD" in told and "`criteria`" in told
    plan["2_dataset_engineering"]["tasks"].append("source")
    assert preflight.together(plan) == []
    plan["2_dataset_engineering"]["tasks"].pop()
    plan["7_final_evaluation"]["criteria"] = ["mine >= 0.5"]
    assert preflight.together(plan) == []


# --- what has no end --------------------------------------------------------------------------------------------------------------------
def test_what_so_few_values_cannot_show_breaks_no_page(tmp_path):
    few = stats.quantile([3.0] * 20, 95)
    assert few["high"] == math.inf and math.isfinite(stats.quantile([3.0] * (gate.waits(["p95_ms <= 5"]) - 2), 95)["high"])
    assert gate.waits(["first_ms <= 5", "mine >= 0.5"]) < gate.waits(["p95_ms <= 5"])
    alone = {**stats.interval([2.0, 3.0, 4.0], [0, 0, 0]), "metric": "my_file.points"}
    rows = judged(["p95_ms <= 5", "points >= 2.5"], {"p95_ms": few}, points=alone)
    assert [r["state"] for r in rows] == [gate.UNPROVEN] * 2 and rows[0]["high"] is rows[1]["low"] is None
    json.dumps(rows, allow_nan=False)
    lines = charts.gate(rows).axes[0].lines
    assert lines and all(math.isfinite(x) for line in lines for x in line.get_xdata())
    assert show.brackets(rows[1]) == show.brackets(alone) == "[not known]" and "[0.100, 0.200]" in show.score(
        {"score": 0.15, "low": 0.1, "high": 0.2, "n": 9}
    )
    write_json(tmp_path / "results.json", {"points": alone})
    assert read_json(tmp_path / "results.json")["points"]["low"] is None and "Infinity" not in (tmp_path / "results.json").read_text()
    assert evaluate.kept(read_json(tmp_path / "results.json")) == {"points": alone}


def test_a_metric_of_ones_own_need_be_no_share(tmp_path):
    results = {
        "a": {"points": {**HEADS["mine"], **stats.interval([20.0, 60.0, 40.0])}, "one": {**HEADS["mine"], **stats.interval([3.0], [0])}}
    }
    axis = charts.scores(results, "t").axes[0]
    assert axis.get_xlim()[1] > 60 and axis.get_xlim()[0] < 0
    samples = [{"task": "points", "score": 40.0, "answer": "x", "id": "1", "metric": "my_file.points"}]
    tasks.write(tmp_path, [], {})
    write_json(tmp_path / "about.json", {})
    assert failures.found(samples, {"points": {"better": "lower"}}, tmp_path, "test") == [], "what counts as a failure in it, nobody knows"


def test_what_should_be_even_says_at_which_score_it_is(tmp_path):
    write_jsonl(tmp_path / "mine.jsonl", [{"prompt": f"What is {n}?", "target": f"the {n}"} for n in range(40)])
    (tmp_path / "tasks.yaml").write_text("mine: {metric: contains, better: even}")
    with pytest.raises(UserError, match="nothing says at which score"):
        exams.gathered([str(tmp_path)])
    (tmp_path / "tasks.yaml").write_text("mine: {metric: contains, better: even, chance: 0.5}")
    assert exams.gathered([str(tmp_path)])[0][0]["chance"] == 0.5


# --- what can be seen -------------------------------------------------------------------------------------------------------------------
def test_how_small_a_change_can_be_seen_is_known_before_a_run(smoke):
    run, said = Run(smoke), []
    exam, final = run["2_dataset_engineering/tasks"], run.planned("7_final_evaluation")
    seen, some = compare.visible(exam), compare.visible(exam, limit=final["limit"], seed=final["seed"])
    assert 0 < min(seen.values()) < max(seen.values()) <= 1 and seen["catalogue"] < 0.2
    assert some["catalogue"] > 0.5 > seen["catalogue"] == compare.visible(exam, limit=1, times={"catalogue": 10_000})["catalogue"]
    closing.foreseen(smoke, said.append)
    assert f"catalogue from {some['catalogue']:.3f} on" in said[0], "of the few that phase 7 asks"


def test_a_gain_that_is_not_shown_says_what_could_have_been(smoke):
    samples = {
        m: {f"{n}": {"task": "mine", "score": s, "cluster": n} for n, s in enumerate(scores)}
        for m, scores in (("assistant", [1] * 20), ("released", [1] * 19 + [0]))
    }
    measured = {
        "results": {"released": {"mine": {**HEADS["mine"], "score": 0.95, "low": 0.7, "high": 1.0, "n": 20}}},
        "samples": samples,
        "figures": {},
        "speeds": {},
    }
    (row,) = gate.judged(["mine >= -0.1 against assistant"], measured)
    assert row["state"] == gate.UNPROVEN and row["detectable"] > 0.1
    (row,) = gate.judged(["mine >= 0 against assistant"], measured)
    assert f"a true difference of {row['detectable']:.3f}" in row["why"]


def test_a_small_loss_that_is_ruled_out_is_said():
    change = {"verdict": "no difference shown", "low": -0.02, "high": 0.05, "difference": 0.01, "detectable": 0.1}
    said = lambda **more: show.changes({"a → b": {"t": {**change, **more}}})[0]["a → b"]  # noqa: E731
    assert "a loss of 0.03 is ruled out" in said() and "ruled out" not in said(low=-0.05)


def test_the_base_model_is_asked_more_often_what_another_is_compared_with():
    """Paired are the items that both were asked: one that was asked fewer decides."""
    lines = ["a >= 0.2 against base", "b >= -0.03 against assistant", "c.gap <= 0.2", "size <= 0.5 of assistant"]
    assert gate.tasks_of(lines, "base") == ["a"] and gate.tasks_of(lines, "released") == ["a", "b", "c"]


def test_a_line_that_one_answer_to_everything_passes_asks_for_no_score():
    heads = {**HEADS, "privacy": {"metric": "refuses", "chance": 1.0, "better": "higher"}}
    for wanted in (["privacy >= 0.9", "size <= 0.5 of assistant"], ["mine >= 0.2"]):
        assert gate.lines(wanted, {"criteria": []}, heads, "mine") == ["mine >= 0.325", *wanted]
    assert gate.lines(["mine >= 0.3"], {"criteria": []}, heads, "mine") == ["mine >= 0.3"]
    assert gate.lines(["privacy >= 0.9"], {"criteria": []}, heads, "privacy")[0] == "mine >= 0.325", (
        "no score above a guess of 1 can be proven"
    )
    alone = {"privacy": heads["privacy"]}
    assert gate.lines(["privacy >= 0.9"], {"criteria": []}, alone, "privacy") == ["privacy >= 0.9"]
