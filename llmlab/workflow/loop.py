"""`llmlab run --loop N`: follows what the gate would say, round by round, and keeps a round only if it is better.

The rounds are judged on the validation half; the test half is asked once, when they are over.
"""

import time

from llmlab.evaluation import evaluate, gate, verdict
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES, parse_options
from llmlab.spine.run import Run
from llmlab.workflow import execution, ledger, pipeline, trial

LAST, EARLY = PHASES[-1], PHASES[:-1]


def loop(path, layers=(), parent=None, rounds=3, echo=print):
    """Executes a run up to its last phase, follows the gate's advice at most so many times, each as a new run, and ends with the best of them.

    A round that is not better (no task of the gate's better by a paired test, or one worse) is left where it is, and ends the loop: so does a gate
    that nothing is left to say of. What was predicted and what was obtained is said of every round, which is a line of the ledger, too.

    Returns: the path of the run that was asked the test half.
    """
    pipeline.run(path, layers, parent, EARLY, echo=echo)
    run = Run(path)
    for n in range(rounds):
        before = judged(run)
        options = _advice(before, run)
        if not options:
            echo(f"round {n + 1}: {'nothing is left to mend' if all(r['passed'] for r in before) else 'no rule would change anything'}")
            break
        child = Run(verdict.following(run, options))
        echo(f"round {n + 1}: {child.path.name}, predicted: {'; '.join(_short(r) for r in before if not r['passed'])} would keep the limit")
        try:
            pipeline.run(child.path, [parse_options(options), trial.BESIDE], run.path, EARLY, echo=echo)
        except execution.PhaseFailed as error:
            ledger.failed(run, options, "the gate", error)
            echo(f"round {n + 1}: not kept: {error}")
            break
        child, after = Run(child.path), judged(Run(child.path))
        better, why = kept(run, child, before, after)
        if told := line(run, child, before):
            ledger.append(ledger.of(run), told)
        echo(f"round {n + 1}: obtained: {'; '.join(_short(r) for r in after)}. {why}")
        if not better:
            break
        run = child
    pipeline.run(run.path, echo=echo)
    return run.path


def judged(run):
    """Rows of the gate for the variant that phase 6 picked, on the validation half: those criteria that ask for a task's score."""
    folder, scores = run["2_dataset_engineering/tasks"], _scores(run)
    results, about = read_json(scores / "results.json"), read_json(folder / "about.json")
    params = run.planned(LAST)
    asked = gate.lines(params["criteria"], about, list(results), evaluate.main_task(folder, params["task"]))
    asked = [line for line in asked if (one := gate.parsed(line)).task in results and not one.how]
    samples = {s["id"]: s for s in jsonl(scores / "samples.jsonl")}
    return gate.judged(
        asked, {"results": {"released": results}, "samples": {"released": samples}, "figures": {}, "speeds": {}}, params["proof"]
    )


def kept(run, child, before, after):
    """(whether a round is to be kept, why): it must be better in a task of the gate by a paired test, and worse in none at all, and no criterion may lose its state."""
    asked = {gate.parsed(r["criterion"]).task for r in before}
    moved = evaluate.compare(_scores(run), _scores(child))
    better, worse = ([t for t, c in moved.items() if c["verdict"] == word] for word in ("better", "worse"))
    better = [t for t in better if t in asked]
    order = (gate.FAILS, gate.UNPROVEN, gate.PROVEN)
    lost = [a["criterion"] for b, a in zip(before, after) if order.index(a["state"]) < order.index(b["state"])]
    if worse or lost or not better:
        why = (
            f"worse in {', '.join(worse)}"
            if worse
            else f"{', '.join(lost)} proved more before"
            if lost
            else "nothing is better beyond noise"
        )
        return False, f"Not kept: {why}"
    return True, f"Kept: better in {', '.join(better)}, worse in nothing"


def line(run, child, before):
    """A round as a line of the ledger: what became of the first task whose criterion was not met. It was trained once, so its interval knows of the
    questions alone, and of no seed. None if both were asked nothing alike."""
    moved = evaluate.compare(_scores(run), _scores(child))
    on = next((t for t in [*(gate.parsed(r["criterion"]).task for r in before if not r["passed"]), *moved] if t in moved), None)
    if on is None:
        return None
    told, arms = moved[on], {"baseline": run, "variant": child}
    anew = [p for p in EARLY if child.owner(p).path == child.path]
    params = {p: (run.params(p), child.params(p)) for p in EARLY}
    return {
        "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
        "run": run.place,
        "change": {f"{p}.{n}": v for p, (was, now) in params.items() for n, v in now.items() if was.get(n) != v},
        "on": on,
        "seeds": 1,
        "minutes": 0.0,
        "level": 0.95,
        **{arm: [read_json(_scores(r) / "results.json")[on]["score"]] for arm, r in arms.items()},
        "items": told["n"],
        "noise": None,
        **{key: told[key] for key in ("difference", "low", "high", "detectable")},
        "verdict": ledger.UNSURE if told["low"] <= 0 <= told["high"] else ledger.BETTER if told["difference"] > 0 else ledger.WORSE,
        "seconds": {arm: sum(r.done(p)["seconds"] for p in anew) for arm, r in arms.items()},
        "took": round(sum(child.done(p)["seconds"] for p in anew)),
        "runs": {arm: [r.place] for arm, r in arms.items()},
    }


def _scores(run):
    """Folder of the scores of the variant that phase 6 picked."""
    frontier = read_json(run["6_fine_tuning/frontier.json"])
    return run[f"6_fine_tuning/scores/{next(r['variant'] for r in frontier if r['picked'])}"]


def _advice(rows, run):
    """What the gate would change, as options; what only more questions would change is left to the last phase."""
    results = read_json(_scores(run) / "results.json")
    steps = verdict.decide(rows, run, read_json(run["6_fine_tuning/frontier.json"]), results)["next"]
    return list(dict.fromkeys(s["change"] for s in steps if s["change"] and s["phase"] != LAST))


def _short(row):
    return f"{row['criterion']} ({'not measured' if row['value'] is None else format(row['value'], '.3f')}, {row['state']})"
