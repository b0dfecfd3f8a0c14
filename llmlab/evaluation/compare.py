"""Runs side by side: the parameters that differ, curves, scores with paired tests, cost, the same prompts answered by each."""

import json

from llmlab.spine import sealed, track
from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES
from llmlab.spine.run import existing


def open_runs(paths):
    """{name: Run} of existing runs."""
    found = {}
    for path in paths:
        run = existing(path)
        found[run.path.name if run.path.name not in found else str(path)] = run
    sealed.confidential(any(run.confidential for run in found.values()))
    return found


def parameters(runs):
    """Rows {"phase", "parameter", run: value, …} of the parameters that are not alike in all runs."""
    rows = []
    for phase in PHASES:
        records = {name: (run.done(phase) or {"params": {}})["params"] for name, run in runs.items()}
        for parameter in dict.fromkeys(p for r in records.values() for p in r):
            values = {name: r.get(parameter) for name, r in records.items()}
            if len({json.dumps(v) for v in values.values()}) > 1:
                rows.append({"phase": phase, "parameter": parameter, **{n: str(v) for n, v in values.items()}})
    return rows


def parting(runs):
    """The first phase that was not done alike in all runs (with other parameters, inputs or code), None if there is none."""
    for phase in PHASES:
        records = [run.done(phase) or {} for run in runs.values()]
        if len({json.dumps([r.get(k) for k in ("params", "inputs", "outside", "code")], sort_keys=True) for r in records}) > 1:
            return phase
    return None


def curves(runs, artifact):
    """{run: rows of metrics.jsonl} of those that have the model."""

    return {n: track.rows(r.find(artifact)) for n, r in runs.items() if r.find(artifact)}


def scores(runs, model="released"):
    """{run: {task: result}} of one model on the test half."""
    return {
        n: read_json(r["7_final_evaluation/results.json"])["tasks"][model]
        for n, r in runs.items()
        if r.find("7_final_evaluation/results.json")
    }


def tests(runs, model="released"):
    """Every run against the first one, paired by item: rows {"task", "run", "change", "n", "p", "could have shown", "verdict"}."""
    from llmlab.evaluation import evaluate

    folders = {n: r.find(f"7_final_evaluation/scores/{model}") for n, r in runs.items()}
    folders = {n: f for n, f in folders.items() if f}
    first, rows = next(iter(folders), None), []
    for name in list(folders)[1:]:
        for task, c in evaluate.compare(folders[first], folders[name]).items():
            change = f"{c['difference']:+.3f} [{c['low']:+.3f}, {c['high']:+.3f}]"
            told = {"n": c["n"], "p": c["p"], "could have shown": c["detectable"], "verdict": c["verdict"]}
            rows.append({"task": task, "run": name, f"change against {first}": change, **told})
    return rows


def visible(folder, split="test", limit=0, times=None, seed=0):
    """{task: the smallest true difference between two models that its items would show four times in five}: at best, where all answers that change do so to the
    same side; the noise of seeds comes on top.

    Args:
        folder: of the tasks; split: the half that is asked; limit, times, seed: by which items of it are drawn, as for `evaluate.evaluate`.
    """
    from llmlab.data import tasks
    from llmlab.evaluation import evaluate, stats

    drawn = {t["name"]: evaluate.some_items(t, limit * (times or {}).get(t["name"], 1), seed) for t in tasks.read(folder, split)}
    clusters = {name: len({item["cluster"] for item in items}) for name, items in drawn.items()}
    return {name: stats.one_way(count) for name, count in clusters.items() if count}


def costs(runs):
    """Seconds per phase and run, with what is shared with a parent marked."""
    rows = []
    for phase in PHASES:
        row = {"phase": phase}
        for name, run in runs.items():
            record, owner = run.done(phase), run.owner(phase)
            row[name] = (
                None if record is None else f"{record['seconds']:.0f} s" + ("" if owner.path == run.path else f" (from {owner.path.name})")
            )
        rows.append(row)
    return rows


def questions(runs):
    """What the first run's material would have asked."""
    from llmlab.evaluation import evaluate

    folder = next(iter(runs.values())).find("2_dataset_engineering/tasks")
    return evaluate.examples(folder) if folder else ["Hello, what can you do?"]


def answers(runs, prompts):
    """Rows {"prompt", run: answer, …}: the same prompts to the last model of each run."""
    from llmlab.evaluation import asking
    from llmlab.models import weights

    asked = [[{"role": "user", "content": p}] for p in prompts]
    found = {}
    for name, run in runs.items():
        path = run.find(run.newest_model())
        found[name] = asking.reply(*weights.load(path), asked) if path else [None] * len(prompts)
    return [{"prompt": p, **{n: a[i] for n, a in found.items()}} for i, p in enumerate(prompts)]
