"""`llmlab run --loop N`: follows what the gate would say and what phase 4 found, round by round, and keeps a round only if it is better.

The rounds are judged on the validation half; the test half is asked once, when they are over.
"""

from llmlab.evaluation import evaluate, gate, remedies, verdict
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.params import PHASES, WITHOUT_EFFECT, parse_options
from llmlab.spine.run import Run
from llmlab.workflow import execution, ledger, outcome, pipeline, trial
from llmlab.workflow.outcome import TUNED

LAST, EARLY, FOUND = PHASES[-1], PHASES[:-1], "4_preliminary_evaluation"


def loop(path, layers=(), parent=None, rounds=3, echo=print, tell=lambda row: None):
    """Executes a run up to its last phase, follows the gate's advice and then the findings, at most so many times, each as a new run, and ends with the best.

    A round that is not better (no task of the gate's better by a paired test, or anything lost) is left where it is, and the next advice is followed from the
    run before. It ends when nothing is left to mend or to follow. What was predicted and what was obtained is said of every round, which is a line of the
    ledger, too. What the first run trains beside its model, as rivals, the rounds do without, and the last has it again.

    Args:
        tell: is given each line of the ledger.

    Returns: (the path of the run that was asked the test half, whether it ended better than it began, or with nothing left to mend).
    """
    pipeline.run(path, layers, parent, EARLY, echo=echo)
    run, tried, better, left = Run(path), set(), False, []
    beside = {phase: {name: run.params(phase)[name] for name in values} for phase, values in trial.BESIDE.items()}
    for n in range(rounds):
        before = judged(run)
        left = later(run, before) if n == 0 else left
        if n == 0 and left:
            echo(f"judged in the last phase alone: {'; '.join(left)}")
        whole = not left and all(r["passed"] for r in before)
        plan = None if whole else next((p for p in plans(before, run) if (run.path, *p["options"]) not in tried), None)
        if plan is None:
            echo(f"round {n + 1}: {'nothing is left to mend' if whole else 'no rule would change anything more'}")
            better = better or whole
            break
        tried.add((run.path, *plan["options"]))
        child = Run(remedies.following(run, plan["options"]))
        echo(f"round {n + 1}: {child.path.name}, {plan['by']}, predicted: {_predicted(plan)}")
        row = {"round": n + 1, "followed": plan["by"], "predicted": plan["predicted"], **_round(run, child, plan, before, echo)}
        tell(ledger.append(ledger.of(run), row))
        echo(f"round {n + 1}: {_obtained(row)}")
        run, better = (Run(child.path), True) if row["kept"] else (run, better)
    pipeline.run(run.path, [beside] if any(run.params(p)[n] != v for p, of in beside.items() for n, v in of.items()) else (), echo=echo)
    return run.path, better


def _round(run, child, plan, before, echo):
    """One advice, followed: the line of the ledger, with whether it is kept and why."""
    layer = parse_options(plan["options"])
    try:
        pipeline.run(child.path, [layer], run.path, EARLY, echo=echo, spared=trial.BESIDE)
    except execution.PhaseFailed as error:
        begun = ledger.begun(run, trial.changed(run, layer), plan["on"] or "the gate", **_once(run, None))
        echo(str(error))
        return {**ledger.failed(begun, error), "obtained": {}, "kept": False}
    child, after = Run(child.path), judged(Run(child.path))
    better, why = kept(run, child, before, after)
    told = {r["criterion"]: {"value": r["value"], "state": r["state"]} for r in after}
    return {**line(run, child, before), "obtained": told, "kept": better, "why": why}


# --- judging ----------------------------------------------------------------------------------------------------------------------------
def judged(run):
    """Rows of the gate for the variant that phase 6 picked, on the validation half, figures by what phase 6 measured side by side. What is known in the end
    alone, such as a task that is kept for it, is left to the last phase."""
    found = {"released": _scores(run), "assistant": run[f"{TUNED}/scores/assistant"], "base": run[f"{FOUND}/scores"]}
    results = {name: evaluate.kept(read_json(path / "results.json")) for name, path in found.items()}
    samples = {name: {s["id"]: s for s in jsonl(path / "samples.jsonl")} for name, path in found.items()}
    figures = _figures(run)
    known = [text for text in _criteria(run) if _known(gate.parsed(text), results["released"], figures)]
    return gate.judged(known, {"results": results, "samples": samples, "figures": figures, "speeds": {}}, run.planned(LAST)["proof"])


def _criteria(run):
    folder, params = run["2_dataset_engineering/tasks"], run.planned(LAST)
    return gate.lines(params["criteria"], read_json(folder / "about.json"), gate.heads(folder), evaluate.main_task(folder, params["task"]))


def later(run, rows):
    """Criteria that are not among those which the rounds are judged by, since nothing before the last phase measures them."""
    known = {row["criterion"] for row in rows}
    return [text for text in (gate.parsed(line).text for line in _criteria(run)) if text not in known]


def _known(one, results, figures):
    if one.name in gate.KNOWN:
        return one.name in figures["released"] and (not one.how or one.name in figures.get(one.model, {}))
    return one.task in results


def _figures(run):
    """{model: {figure: result}} of what phase 6 measured of the assistant and of the variant that it picked, in one process."""
    exact = lambda value: {"score": value, "low": value, "high": value, "n": 1}  # noqa: E731
    rows = read_json(run[f"{TUNED}/frontier.json"])
    told = lambda row: {"size": exact(row["megabytes"]), "speed": exact(1000 / row["ms_per_token"]), "token_ms": exact(row["ms_per_token"])}  # noqa: E731
    return {"assistant": told(next(r for r in rows if r["variant"] == "assistant")), "released": told(outcome.picked(run))}


def kept(run, child, before, after):
    """(whether a round is to be kept, why): it must be better in a task of the gate by a paired test, and worse in none at all, no criterion may lose its state,
    and phase 6 must still have something to publish if it had."""
    asked = {gate.parsed(r["criterion"]).task for r in before}
    moved = evaluate.compare(_scores(run), _scores(child))
    better, worse = ([t for t, c in moved.items() if c["verdict"] == word] for word in ("better", "worse"))
    better = [t for t in better if t in asked]
    order, states = (gate.FAILS, gate.UNPROVEN, gate.PROVEN), {r["criterion"]: r["state"] for r in after}
    lost = [r["criterion"] for r in before if order.index(states.get(r["criterion"], gate.FAILS)) < order.index(r["state"])]
    if outcome.picked(run)["allowed"] and not outcome.picked(child)["allowed"]:
        return False, "Not kept: phase 6 has no variant left that is good and fast enough, so the assistant would be published as it is"
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
    questions alone, and of no seed."""
    moved = evaluate.compare(_scores(run), _scores(child))
    on = next((t for t in [*(gate.parsed(r["criterion"]).task for r in before if not r["passed"]), *moved] if t in moved), None)
    params = {p: (run.params(p), child.params(p)) for p in EARLY}
    silent = lambda p, n: n in WITHOUT_EFFECT or n in trial.BESIDE.get(p, {})  # noqa: E731
    change = {p: {n: v for n, v in now.items() if was.get(n) != v and not silent(p, n)} for p, (was, now) in params.items()}
    row = ledger.begun(run, change, on or "the gate", **_once(run, child))
    if on is None:  # both were asked nothing alike
        return {**row, **ledger.NOTHING, "verdict": ledger.UNSURE, "items": 0}
    told, arms = moved[on], {"baseline": run, "variant": child}
    return {
        **row,
        **{arm: [read_json(_scores(r) / "results.json")[on]["score"]] for arm, r in arms.items()},
        "items": told["n"],
        "noise": None,
        **{key: told[key] for key in ("difference", "low", "high", "detectable")},
        "verdict": ledger.UNSURE if told["low"] <= 0 <= told["high"] else ledger.BETTER if told["difference"] > 0 else ledger.WORSE,
    }


def _once(run, child):
    """What a line says of a change that was trained once."""
    told = {"seeds": 1, "minutes": 0.0, "level": 0.95}
    anew = [p for p in EARLY if child and child.owner(p).path == child.path]
    if not anew:
        return told
    seconds = {arm: sum(trial.spent(r, p, p) for p in anew) for arm, r in (("baseline", run), ("variant", child))}
    return {
        **told,
        "seconds": seconds,
        "took": round(sum(child.done(p)["seconds"] for p in anew)),
        "runs": {"baseline": [run.place], "variant": [child.place]},
    }


def _scores(run):
    """Folder of the scores of the variant that phase 6 picked."""
    return run[f"{TUNED}/scores/{outcome.picked(run)['variant']}"]


# --- what to follow ---------------------------------------------------------------------------------------------------------------------
def plans(rows, run):
    """[{"by", "options", "predicted", "on"}]: what the gate would change, in one, and then each finding of phase 4 that names a parameter. What only more
    questions would change is left to the last phase."""
    steps = verdict.decide(rows, run, read_json(run[f"{TUNED}/frontier.json"]), read_json(_scores(run) / "results.json"))["next"]
    steps = [s for s in steps if s["change"] and s["phase"] != LAST]
    found = (
        [{"by": "the gate", "options": _unlike(s["change"] for s in steps), "on": "", "predicted": _limits(rows, steps)}] if steps else []
    )
    for f in read_json(run[f"{FOUND}/findings.json"]):
        options = _unlike(remedies.option(f["phase"], name, value) for name, value in f["parameters"].items())
        found.append(
            {
                "by": f"finding of phase 4: {f['finding']}",
                "options": options,
                "on": f["task"],
                "predicted": {f["task"] or f["finding"]: f["expected"]},
            }
        )
    return [plan for plan in found if plan["options"]]


def _unlike(options):
    return list(dict.fromkeys(options))


def _limits(rows, steps):
    """{criterion: {"from": its value, "to": the limit that it is predicted to keep}} of the steps that a change is for."""
    of = {r["criterion"]: r for r in rows}
    return {
        s["criterion"]: {"from": of[s["criterion"]]["value"], "to": f"{of[s['criterion']]['direction']} {of[s['criterion']]['limit']:g}"}
        for s in steps
    }


def _predicted(plan):
    told = lambda p: p if isinstance(p, str) else f"{'not measured' if p['from'] is None else format(p['from'], '.3f')} → {p['to']}"  # noqa: E731
    return "; ".join(f"{name}: {told(p)}" for name, p in plan["predicted"].items())


def _obtained(row):
    short = lambda r: f"{'not measured' if r['value'] is None else format(r['value'], '.3f')}, {r['state']}"  # noqa: E731
    told = "; ".join(f"{criterion} ({short(r)})" for criterion, r in row["obtained"].items())
    return f"obtained: {told}. {row['why']}" if told else f"not kept: {row.get('error') or row['why']}"
