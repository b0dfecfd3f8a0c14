"""Figures that a criterion may name beside the tasks, and how far the judge of refusals is to be trusted."""

import random

import pytest

from llmlab.evaluation import calibration, gate, gauges, refusals, traffic, verdict
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_json
from llmlab.spine.run import Run

SPEED = {"answers_ms": [2.0] * 20, "firsts_ms": [5.0] * 80}
RECORD = {
    "speed": {"released": SPEED, "base": SPEED},
    "load": [
        {"users": 1, "firsts_ms": [10.0] * 40, "memory_mb": 500},
        {"users": 4, "firsts_ms": [40.0] * 80 + [400.0] * 20, "memory_mb": 510},
        {"users": 16, "firsts_ms": [90.0] * 9, "memory_mb": 505},
    ],
    "bits": {"the source's own": {"released": {"score": 1.1, "low": 1.0, "high": 1.2, "n": 30}}},
}
SAID = {
    n: {"task": "t", "metric": "exact", "answer": "x", "cluster": n, "score": 1.0, **({"cut": 60} if n < 4 else {})} for n in range(400)
}
CHOSEN = {f"c{n}": {"task": "c", "metric": "choice", "answer": [0.0, -2.2], "cluster": n, "score": float(n % 10 > 0)} for n in range(600)}


@pytest.fixture
def figures(small):
    return gauges.figures(small / "model", "released", RECORD, SAID | CHOSEN)


def test_whatever_is_measured_can_be_asked_for(figures):
    lines = ["bits <= 1.2", "wait4_ms <= 50", "wait4_p95_ms <= 50", "wait16_ms <= 900", "wait16_p95_ms <= 900", "memory_mb <= 512"]
    lines += ["cut <= 0.05", "calibration <= 0.1", "parameters <= 1", "p95_ms <= 6"]
    gate.check(lines, [])
    rows = gate.judged(lines, {"results": {"released": {}}, "samples": {}, "figures": {"released": figures}, "speeds": {}})
    states = {row["name"]: row["state"] for row in rows}
    assert states.pop("wait4_p95_ms") == gate.FAILS and states.pop("wait16_p95_ms") == gate.UNPROVEN, "nine answers show no 95th percentile"
    assert {name for name, state in states.items() if state != gate.PROVEN} == set()
    assert figures["cut"]["score"] == 0.01 and figures["wait4_ms"]["score"] == 40.0 and figures["memory_mb"]["score"] == 510
    assert figures["calibration"]["score"] < 0.02 and figures["calibration"]["n"] == 600 and "general" not in figures


def test_waits_and_memory_are_the_released_models_alone(small):
    base = gauges.figures(small / "model", "base", RECORD, {})
    assert not {name for name in base if name.startswith("wait")} and "memory_mb" not in base and "cut" not in base
    for line in ("wait4_ms <= 2 of assistant", "cut <= 1 of base"):
        with pytest.raises(UserError, match="looked at by itself"):
            gate.check([line], [])
    assert {f"wait{users}_ms" for users in traffic.USERS} < set(gauges.ALONE)


def test_what_no_smaller_model_mends_is_not_answered_with_a_smaller_model():
    row = lambda name: {"name": name, "criterion": f"{name} <= 1", "how": "", "why": "misses the limit", "needed": None, "labels": False}  # noqa: E731
    assert verdict._advice(row("wait16_ms"), [], {})[:2] == ("6_fine_tuning", "student_layers")
    assert {verdict._advice(row(name), [], {})[2] for name in ("bits", "general", "cut", "calibration", "refusal_kappa")} == {""}


def test_the_figures_of_a_run_are_those_of_its_record(smoke):
    last, run = smoke / "7_final_evaluation", Run(smoke)
    record, samples = read_json(last / "results.json"), {s["id"]: s for s in jsonl(last / "scores/released/samples.jsonl")}
    found = gauges.figures(run["6_fine_tuning/model"], "released", record, samples)
    unmeasured = set(gate.KNOWN) - set(found)
    assert unmeasured <= {"general", "refusal_kappa"}, "no general text was given"
    assert all(f["low"] <= f["score"] <= f["high"] for f in found.values())


def test_a_share_of_two_figures_has_an_interval():
    """Documents are paired; two waits, of which nothing is, are set against each other at their worst."""
    bits = {"low": 0.9, "high": 1.5, "n": 30}
    here, there = ({"score": 1.2 * by, **bits, "each": [by * (0.8 + n / 37) for n in range(30)]} for by in (1.1, 1.0))
    share = gauges.share(here, there)
    assert share["score"] == pytest.approx(1.1) == pytest.approx(share["low"]) == pytest.approx(share["high"])
    waits = gauges.share({"score": 4.0, "low": 3.0, "high": 6.0, "n": 9}, {"score": 8.0, "low": 5.0, "high": 12.0, "n": 9})
    assert (waits["score"], waits["low"], waits["high"]) == (0.5, 0.25, 1.2)


def test_an_error_of_calibration_has_an_interval():
    rows = [{"confidence": 0.9, "right": float(n % 10 > 0), "cluster": n // 4} for n in range(200)]
    found = calibration.interval(rows)
    assert found["low"] <= found["score"] < 0.05 < found["high"] + 0.05 and found["clusters"] == 50
    sure = calibration.interval([{**row, "right": 0.0} for row in rows])
    assert sure["score"] == pytest.approx(0.9) and 0.75 < sure["low"] < 0.9 < sure["high"]


def test_a_model_that_knows_what_it_knows_is_not_shown_to_err():
    """Groups never hit their mean: the error that is measured is above 0, and its interval has to reach there all the same."""
    errs, shown, off = [], 0, 0
    for seed in range(40):
        rng = random.Random(seed)
        rows = [
            {"confidence": c, "right": float(rng.random() < c), "cluster": n} for n in range(100) for c in [rng.choice((0.5, 0.7, 0.9))]
        ]
        found = calibration.interval(rows)
        errs.append(found["score"])
        shown += found["low"] > 0
        worse = calibration.interval([{**row, "confidence": 1.0} for row in rows])
        off += worse["low"] <= 1 - sum(row["confidence"] for row in rows) / 100 <= worse["high"]
    assert min(errs) > 0 and shown <= 4 and off >= 36, (shown, off)


def test_how_far_the_judge_of_refusals_agrees_with_people_is_a_figure_of_the_code_that_there_is(monkeypatch, tmp_path):
    rows, caption = refusals.told()
    assert rows[0]["answers of"] == refusals.ALL and len(rows) == 4 and "XSTest" in caption
    assert {"of refusals: precision, recall", "of answers: precision, recall", "two people, kappa"} < set(rows[0])
    assert refusals.asked({"t": {"metric": "refuses"}}) and not refusals.asked({"t": {"metric": "exact"}, "c": {"metric": "choice"}})
    kept = read_json(refusals.TABLE)
    monkeypatch.setattr(refusals, "TABLE", tmp_path / "table.json")
    write_json(refusals.TABLE, {**kept, "code": refusals.code()})
    assert refusals.overall()["model"] == refusals.ALL and "changed since" not in refusals.told()[1]
    assert "older" not in refusals.chart().alt and gauges._of_judges()["refusal_kappa"]["score"] == kept["rows"][0]["kappa"]
    assert refusals.overall({"manner": {}}) is None and gauges._of_judges({"manner": {}}) == {}, "other words than those that were measured"
    write_json(refusals.TABLE, {**kept, "code": "another"})
    assert refusals.overall() is None and gauges._of_judges() == {} and "changed since" in refusals.told()[1]
    assert "older" in refusals.chart()._suptitle.get_text()
