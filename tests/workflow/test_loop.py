"""`llmlab run --loop`: a round is kept only if it is better, and the test half is asked once."""

import json
import shutil

from click.testing import CliRunner

from llmlab.cli import main
from llmlab.evaluation import gate, history
from llmlab.spine.files import jsonl, read_json, write_json
from llmlab.workflow import closing, execution, ledger, loop, trial

SIX = "6_fine_tuning"


def rows(*states):
    return [{"criterion": f"t{n} >= 0.9", "state": state, "passed": state == gate.PROVEN, "value": 0.5} for n, state in enumerate(states)]


def compared(monkeypatch, allowed=lambda run: True, **verdicts):
    monkeypatch.setattr(loop, "_scores", lambda run: run)
    monkeypatch.setattr(loop.outcome, "picked", lambda run: {"allowed": allowed(run)})
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


def test_a_round_is_not_kept_because_the_assistant_is_published_in_place_of_a_bad_student(monkeypatch):
    """It is better than any student, and neither small nor fast."""
    same = rows(gate.UNPROVEN)
    compared(monkeypatch, lambda run: run == "a", t0="better")
    kept, why = loop.kept("a", "b", same, same)
    assert not kept and "no variant left" in why
    compared(monkeypatch, lambda run: False, t0="better")
    assert loop.kept("a", "b", same, same)[0], "where there was none before, none is lost"


def rounds(monkeypatch, copy, plans, *outcomes):
    """A loop whose rounds come out as told: (path in the end, better, what was executed, lines)."""
    made, come, told = [], iter(outcomes), []
    monkeypatch.setattr(
        loop.pipeline,
        "run",
        lambda path, layers=(), parent=None, only=(), echo=print, spared=None: made.append((str(path), list(layers), tuple(only), spared)),
    )
    monkeypatch.setattr(loop, "judged", lambda run: rows(gate.FAILS))
    monkeypatch.setattr(loop, "plans", lambda rows, run: [{"by": "the gate", "options": [o], "on": "", "predicted": {}} for o in plans])
    monkeypatch.setattr(loop, "kept", lambda *a: next(come))
    monkeypatch.setattr(loop, "line", lambda run, child, before: {"child": child.path.name, "why": ""})
    path, better = loop.loop(copy, rounds=3, echo=lambda said: None, tell=told.append)
    return path, better, made, told


def test_the_test_half_is_asked_once_at_the_end_of_the_best(monkeypatch, copy):
    """Two rounds are advised; the second is not better, so the first is the one that is asked."""
    path, better, made, told = rounds(monkeypatch, copy, ["sft_steps=12"], (True, "Kept"), (False, "Not kept"))
    assert better and path.name == "copy-sft_steps-12" and (made[-1][0], made[-1][2]) == (str(path), ()) and len(made) == 4
    assert all(loop.LAST not in only for _, _, only, _ in made[:-1])
    assert [r["child"] for r in jsonl(copy.parent / "ledger.jsonl")] == ["copy-sft_steps-12", "copy-sft_steps-12-sft_steps-12"]
    assert [(r["round"], r["kept"], r["followed"]) for r in told] == [(1, True, "the gate"), (2, False, "the gate")]


def test_what_is_not_kept_does_not_end_the_loop_while_other_advice_is_left(monkeypatch, copy):
    path, better, made, told = rounds(
        monkeypatch, copy, ["sft_steps=12", "3.learning_rate=0.001"], (False, "Not kept"), (False, "Not kept")
    )
    assert not better and path == loop.Run(copy).path and [r["child"] for r in told] == ["copy-sft_steps-12", "copy-learning_rate-0.001"]


def test_rounds_do_without_rivals_and_seeds_and_the_last_run_has_them(monkeypatch, copy):
    record = read_json(copy / "5_post_training/phase.json")
    write_json(copy / "5_post_training/phase.json", {**record, "params": {**record["params"], "seeds": 3}})
    other = copy.with_name("copy-sft_steps-12")
    shutil.copytree(copy, other)
    write_json(other / "5_post_training/phase.json", record)  # trained without
    _, _, made, _ = rounds(monkeypatch, copy, ["sft_steps=12"], (True, "Kept"), (False, "Not kept"))
    assert [spared for _, _, _, spared in made] == [None, trial.BESIDE, trial.BESIDE, None]
    assert made[-1][1] == [{"5_post_training": {"rival_methods": [], "seeds": 3}, "6_fine_tuning": {"seeds": 1}}]


def test_a_finding_is_followed_after_the_gate(copy):
    finding = {"finding": "Copies", "task": "", "phase": "2_dataset_engineering", "parameters": {"near_duplicate_threshold": "0.5"}}
    finding |= {"expected": "fewer copies"}
    write_json(copy / "4_preliminary_evaluation/findings.json", [finding, {**finding, "parameters": {}}])
    run = loop.Run(copy)
    found = loop.plans(loop.judged(run), run)
    assert [plan["by"] for plan in found] == ["the gate", "finding of phase 4: Copies"]
    assert found[1]["options"] == ["near_duplicate_threshold=0.5"] and found[1]["predicted"] == {"Copies": "fewer copies"}
    limits = found[0]["predicted"]
    assert limits and all(set(told) == {"from", "to"} for told in limits.values()) and "→ ≥" in loop._predicted(found[0])


def test_a_round_is_a_line_of_the_ledger(copy):
    run = loop.Run(copy)
    shutil.copytree(copy, copy.with_name("other"))
    record = read_json(copy.with_name("other") / "5_post_training/phase.json")
    write_json(
        copy.with_name("other") / "5_post_training/phase.json", {**record, "params": {**record["params"], "sft_steps": 12, "seeds": 2}}
    )
    told = loop.line(run, loop.Run(copy.with_name("other")), rows(gate.PROVEN) + loop.judged(run))
    assert (
        told["change"] == {"5_post_training.sft_steps": 12}
        and told["seconds"]["variant"] > 0
        and told["runs"]["variant"] != told["runs"]["baseline"]
    )
    assert told["on"] in {r["criterion"].split()[0] for r in loop.judged(run) if not r["passed"]} and told["seeds"] == 1
    assert (told["difference"], told["verdict"]) == (0.0, "cannot tell") and told["baseline"] == told["variant"]
    assert "sft_steps = 12" in ledger.said(told) and history.trials([told]) and not ledger.best([told])


def test_the_gate_is_judged_on_the_validation_half(copy):
    """Sizes and speeds by what phase 6 measured, points against the assistant by its answers; what no earlier phase asks is said to be left."""
    run = loop.Run(copy)
    write_json(
        copy / SIX / "frontier.json",
        [
            {"variant": "assistant", "megabytes": 4.0, "ms_per_token": 3.0, "allowed": False, "picked": False},
            {"variant": "student", "megabytes": 1.0, "ms_per_token": 1.0, "allowed": True, "picked": True},
        ],
    )
    found = {r["criterion"]: r for r in loop.judged(run)}
    assert {c.split()[0] for c in found} >= {"catalogue", "privacy", "offensive", "bias"}
    assert found["speed >= 2 of assistant"]["value"] == 3 and found["size <= 0.5 of assistant"]["value"] == 0.25
    assert found["speed >= 2 of assistant"]["state"] == gate.PROVEN and "catalogue >= -0.05 against assistant" in found
    assert loop.later(run, [r for c, r in found.items() if c != "size <= 0.5 of assistant"]) == ["size <= 0.5 of assistant"]


def test_a_program_is_told_of_each_round_and_of_the_end(copy, monkeypatch):
    row = {"round": 1, "kept": False}
    for better, code in ((True, 0), (False, 5)):
        monkeypatch.setattr(loop, "loop", lambda path, *a, better=better: (a[-1](row), a[-2]("said"), (copy, better))[-1])
        monkeypatch.setattr(closing, "told", lambda named, here, executed, echo: echo("the end"))
        done = CliRunner().invoke(main, ["run", str(copy), "--loop", "2", "--json"])
        assert done.exit_code == code and json.loads(done.stdout) == row and "the end" in done.stderr, done.output
    monkeypatch.setattr(execution, "ledger", lambda run, path: path)
    assert CliRunner().invoke(main, ["run", str(copy), "--json"]).exit_code == 2


def test_what_the_last_phase_alone_measures_is_not_taken_for_mended(monkeypatch, copy):
    monkeypatch.setattr(loop.pipeline, "run", lambda *_, **__: None)
    monkeypatch.setattr(loop, "judged", lambda run: [])
    monkeypatch.setattr(loop, "later", lambda run, rows: ["outsider_facts >= 0.9"])
    monkeypatch.setattr(loop, "plans", lambda rows, run: [])
    said = []
    assert loop.loop(copy, 2, echo=said.append)[1] is False and "nothing is left to mend" not in " ".join(said)
