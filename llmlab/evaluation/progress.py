"""What was learnt when: the weights that pre-training kept on the way are asked what its end is asked."""

import shutil
import statistics
from pathlib import Path

from llmlab.evaluation import evaluate
from llmlab.pages import show
from llmlab.pages.figures import ARROWS, COLOURS, figure
from llmlab.spine import track
from llmlab.spine.files import jsonl, read_json

FEW = 4  # steps below which their order says nothing


def ask(weights, model, tasks_folder, out, form, limit, seed):
    """Asks the weights that were kept while a model learned, and its last, each of which gets a folder with answers and scores; whether there were any.

    Args:
        weights: folder of those that phase 3 kept; model: folder of its model; out: folder for the answers; limit: items of each task, 0 to ask nothing.
    """
    shutil.rmtree(out, ignore_errors=True)  # of weights of before
    kept = {int(path.name.removeprefix("step-")): path for path in Path(weights).glob("step-*")} if weights and limit else {}
    if kept:
        kept[max(*kept, *(row["step"] for row in track.rows(model)))] = model
    for step in sorted(kept):
        evaluate.evaluate(kept[step], tasks_folder, Path(out) / f"step-{step:07d}", form, "validation", limit=limit, seed=seed)
    return bool(kept)


def scores(folder):
    """{step: {task: result}} of the folders that `ask` filled."""
    return {
        int(path.name.removeprefix("step-")): evaluate.kept(read_json(path / "results.json"))
        for path in sorted(Path(folder).glob("step-*"))
    }


def trends(folder):
    """Rows {"task", "steps", "first", "last", "tau", "change"}: what became of each score while the model learned.

    "tau" is Kendall's τ-b of score and step: 1 for a rise at every step, less where steps tie or go back (Mann 1945). "change" asks whether the later half of
    the steps is better than the earlier one, as `evaluate.gain` does: each item's mean scores, paired, corrected for the number of tasks that ask the same
    (Holm 1979); of an odd number the step between the halves belongs to neither. Its interval is of items, and of this one training. Scores are those of the
    answers as they were judged, also where a judge's errors are known.

    Args:
        folder: what `ask` filled.
    """
    from scipy.stats import kendalltau

    results, samples = scores(folder), [jsonl(path / "samples.jsonl") for path in sorted(Path(folder).glob("step-*"))]
    heads, by = next(iter(results.values()), {}), _by_task(results)
    changes = evaluate.by_question({task: _change(heads[task], [_of(rows, task) for rows in samples]) for task in by}, heads)
    found = []
    for task, points in by.items():
        steps, values = zip(*points)
        tau = round(float(kendalltau(steps, values).statistic), 3) if len(steps) >= FEW and len(set(values)) > 1 else None
        found.append({"task": task, "steps": len(steps), "first": values[0], "last": values[-1], "tau": tau, "change": changes[task]})
    return found


def _of(samples, task):
    return {s["id"]: s for s in samples if s["task"] == task}


def _change(head, of):
    halves = of[: len(of) // 2], of[len(of) - len(of) // 2 :]
    early, late = ([statistics.fmean(samples[name]["score"] for samples in half) for name in of[0]] for half in halves)
    return evaluate.gain(head, early, late, *zip(*((s["cluster"], s.get("group", "")) for s in of[0].values())))


def _by_task(results):
    """{task: [(step, its score, or its distance from even)]} of the tasks that were asked."""
    one = lambda found: found.get("uneven", found)["score"]  # noqa: E731
    return {t: [(step, one(found[t])) for step, found in results.items()] for t in next(iter(results.values()), ())}


def told(moves):
    """Rows of `trends` as a page shows them."""
    later = {
        row["task"]: row
        for row in show.changes({"the later half of the steps against the earlier": {m["task"]: m["change"] for m in moves}})
    }
    return [{**{k: m[k] for k in ("task", "first", "last", "tau")}, **later[m["task"]]} for m in moves]


def in_short(row):
    """What became of a score, in a few words. row: of `trends`."""
    return show.verdict(row["change"]) + (f" (τ {row['tau']:.2f} of {row['steps']} steps)" if row["tau"] is not None else "")


def chart(results):
    """Scores while the model learned. results: as `scores` gives them."""
    by, better = _by_task(results), {t: r["better"] for t, r in next(iter(results.values())).items()}
    words = "; ".join(f"{t} from {points[0][1]:.2f} to {points[-1][1]:.2f}" for t, points in by.items())
    title, height = "What was learnt when", max(3.0, 0.8 + 0.19 * len(by))  # the legend is as long as there are tasks
    fig, axis = figure(title, f"Scores of the weights of {len(results)} steps. {words}.", height=height)
    for n, (task, points) in enumerate(by.items()):
        colour, mark = COLOURS[n % len(COLOURS)], "oD^sxv"[n // len(COLOURS) % 6]
        axis.plot(*zip(*points), f"{mark}-", color=colour, markersize=4, label=f"{task} {ARROWS[better[task]]}")
    axis.set(xlabel="step", ylabel="score", xlim=(0, None))
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig
