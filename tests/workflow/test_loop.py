"""`llmlab run --loop`: a round is kept only if it is better, and the test half is asked once."""

import shutil

from llmlab.evaluation import charts, gate
from llmlab.spine.files import jsonl, read_json, write_json
from llmlab.workflow import ledger, loop


def rows(*states):
    return [{"criterion": f"t{n} >= 0.9", "state": state, "passed": state == gate.PROVEN, "value": 0.5} for n, state in enumerate(states)]


def compared(monkeypatch, **verdicts):
    monkeypatch.setattr(loop, "_scores", lambda run: run)
    monkeypatch.setattr(loop.evaluate, "compare", lambda before, after: {t: {"verdict": v} for t, v in verdicts.items()})


def test_a_round_is_kept_if_something_is_better_and_nothing_worse(monkeypatch):
    same = rows(gate.UNPROVEN, gate.PROVEN)
    compared(monkeypatch, t0="better", t1="no difference shown", other="better")
    assert loop.kept("a", "b", same, same) == (True, "Kept: better in t0, worse in nothing")
    compared(monkeypatch, t0="better", other="worse")
    assert "worse in other" in loop.kept("a", "b", same, same)[1], "also where the gate does not ask"
    assert not loop.kept("a", "b", same, rows(gate.UNPROVEN, gate.UNPROVEN))[0], "a criterion that was proven is not given away"
    compared(monkeypatch, t0="better", t1="worse")
    assert "worse in t1" in loop.kept("a", "b", same, same)[1]
    compared(monkeypatch, t0="no difference shown")
    assert "beyond noise" in loop.kept("a", "b", same, same)[1]


def test_the_test_half_is_asked_once_at_the_end_of_the_best(monkeypatch, copy):
    """Two rounds are advised; the second is not better, so the first is the one that is asked."""
    made, rounds = [], iter([(True, "Kept"), (False, "Not kept")])
    monkeypatch.setattr(
        loop.pipeline, "run", lambda path, layers=(), parent=None, only=(), echo=print: made.append((str(path), tuple(only)))
    )
    monkeypatch.setattr(loop, "judged", lambda run: rows(gate.FAILS))
    monkeypatch.setattr(loop, "_advice", lambda rows, run: ["sft_steps=12"])
    monkeypatch.setattr(loop, "kept", lambda *a: next(rounds))
    monkeypatch.setattr(loop, "line", lambda run, child, before: {"round": child.path.name})
    best = loop.loop(copy, rounds=3, echo=lambda said: None)
    assert best.name == "copy-sft_steps-12" and made[-1] == (str(best), ()) and len(made) == 4
    assert all(loop.LAST not in only for _, only in made[:-1])
    assert [r["round"] for r in jsonl(copy.parent / "ledger.jsonl")] == ["copy-sft_steps-12", "copy-sft_steps-12-sft_steps-12"]


def test_a_round_is_a_line_of_the_ledger(copy):
    run = loop.Run(copy)
    shutil.copytree(copy, copy.with_name("other"))
    record = read_json(copy.with_name("other") / "5_post_training/phase.json")
    write_json(copy.with_name("other") / "5_post_training/phase.json", {**record, "params": {**record["params"], "sft_steps": 12}})
    told = loop.line(run, loop.Run(copy.with_name("other")), rows(gate.PROVEN) + loop.judged(run))
    assert (
        told["change"] == {"5_post_training.sft_steps": 12}
        and told["seconds"]["variant"] > 0
        and told["runs"]["variant"] != told["runs"]["baseline"]
    )
    assert told["on"] in {r["criterion"].split()[0] for r in loop.judged(run) if not r["passed"]} and told["seeds"] == 1
    assert (told["difference"], told["verdict"]) == (0.0, "cannot tell") and told["baseline"] == told["variant"]
    assert "sft_steps = 12" in ledger.said(told) and charts.trials([told]) and not ledger.best([told])


def test_the_gate_is_judged_on_the_validation_half(copy):
    found = loop.judged(loop.Run(copy))
    assert {r["criterion"].split()[0] for r in found} >= {"catalogue", "privacy", "offensive", "bias"} and all(
        "of assistant" not in r["criterion"] for r in found
    )
