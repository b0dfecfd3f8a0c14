"""What was learnt when: the weights that pre-training kept on the way are asked what its end is asked."""

import shutil
import statistics
from pathlib import Path

from llmlab.evaluation import evaluate
from llmlab.pages import show
from llmlab.pages.figures import ARROWS, COLOURS, figure
from llmlab.spine import track
from llmlab.spine.files import jsonl, read_json


def ask(model, tasks_folder, out, form, limit, seed):
    """Asks the weights that were kept while a model learned, and its last, each of which gets a folder with answers and scores; whether there were any.

    Args:
        model: folder of phase 3's model; out: folder for the answers; limit: items of each task, 0 to ask nothing.
    """
    shutil.rmtree(out, ignore_errors=True)  # of weights of before
    kept = {int(path.name.removeprefix("step-")): path for path in (Path(model) / "progress").glob("step-*")}
    if not kept or not limit:
        return False
    kept[max(row["step"] for row in track.rows(model))] = model
    for step in sorted(kept):
        evaluate.evaluate(kept[step], tasks_folder, Path(out) / f"step-{step:07d}", form, "validation", limit=limit, seed=seed)
    return True


def scores(folder):
    """{step: {task: result}} of the folders that `ask` filled."""
    return {
        int(path.name.removeprefix("step-")): evaluate.kept(read_json(path / "results.json"))
        for path in sorted(Path(folder).glob("step-*"))
    }


def trends(folder):
    """Rows {"task", "first", "last", "tau", "change"}: whether each score goes one way while the model learns.

    "tau" is Kendall's τ of score and step, 1 for a rise without a step back (Mann 1945). "change" compares the later half of the steps with the earlier one,
    as `evaluate.gain` does: each item's mean scores, paired, corrected for the number of tasks that ask the same (Holm 1979).

    Args:
        folder: what `ask` filled.
    """
    from scipy.stats import kendalltau

    results = scores(folder)
    heads, by = next(iter(results.values()), {}), _by_task(results)
    changes = evaluate.by_question({task: _change(heads[task], task, Path(folder)) for task in by}, heads)
    taus = {task: kendalltau(*zip(*points)).statistic for task, points in by.items()}
    return [
        {
            "task": task,
            "first": points[0][1],
            "last": points[-1][1],
            "tau": round(float(taus[task]), 3) if taus[task] == taus[task] else None,  # of a score that stays the same there is none
            "change": changes[task],
        }
        for task, points in by.items()
    ]


def _change(head, task, folder):
    of = [{s["id"]: s for s in jsonl(path / "samples.jsonl") if s["task"] == task} for path in sorted(folder.glob("step-*"))]
    halves = of[: len(of) // 2], of[len(of) - len(of) // 2 :]  # the one between two halves belongs to neither
    early, late = ([statistics.fmean(samples[name]["score"] for samples in half) for name in of[0]] for half in halves)
    return evaluate.gain(head, early, late, *zip(*((s["cluster"], s.get("group", "")) for s in of[0].values())))


def _by_task(results):
    """{task: [(step, the one number that stands for its score)]} of the tasks that were asked."""
    return {t: [(step, show.one_number(found[t])["score"]) for step, found in results.items()] for t in next(iter(results.values()), ())}


def chart(results):
    """Scores while the model learned. results: as `scores` gives them."""
    by, better = _by_task(results), {t: r["better"] for t, r in next(iter(results.values())).items()}
    words = "; ".join(f"{t} from {points[0][1]:.2f} to {points[-1][1]:.2f}" for t, points in by.items())
    fig, axis = figure("What was learnt when", f"Scores of the weights of {len(results)} steps. {words}.", height=3.0)
    for n, (task, points) in enumerate(by.items()):
        colour, mark = COLOURS[n % len(COLOURS)], "oD^s"[n // len(COLOURS) % 4]
        axis.plot(*zip(*points), f"{mark}-", color=colour, markersize=4, label=f"{task} {ARROWS[better[task]]}")
    axis.set(xlabel="step", ylabel="score", xlim=(0, None))
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig
