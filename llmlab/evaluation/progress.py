"""What was learnt when: the weights that pre-training kept on the way are asked what its end is asked.

A task whose score moves one way while a model learns says something of learning. One that wanders, over few steps and items, may say nothing; no more can be
told of it here.
"""

from pathlib import Path

from llmlab.evaluation import evaluate, stats
from llmlab.pages import show
from llmlab.pages.figures import ARROWS, COLOURS, figure
from llmlab.spine import track

MOVES = {"better": "rises", "worse": "falls"}


def asked(model, tasks_folder, out, form, limit, seed):
    """{step: {task: result}} of the weights that were kept while a model learned, and of its last; {} if none were kept.

    Args:
        model: folder of phase 3's model; out: folder for the answers; limit: items of each task, 0 to ask nothing.
    """
    kept = {int(path.name.removeprefix("step-")): path for path in (Path(model) / "progress").glob("step-*")}
    if not kept or not limit:
        return {}
    kept[max(row["step"] for row in track.rows(model))] = model
    how = dict(form=form, split="validation", limit=limit, seed=seed)
    return {step: evaluate.evaluate(kept[step], tasks_folder, Path(out) / f"step-{step:07d}", **how) for step in sorted(kept)}


def trends(results):
    """Rows {"task", "first", "last", "tau", "p", "moves"}: whether each score goes one way, by Kendall's τ of score and step (Mann 1945), corrected for the
    number of tasks (Holm 1979). With few steps only a nearly unbroken rise or fall is shown.

    Args:
        results: as `asked` gives them.
    """
    from scipy.stats import kendalltau

    by = _by_task(results)
    tests = {}
    for task, points in by.items():
        steps, values = zip(*points)
        tau, p = kendalltau(steps, values) if len(set(values)) > 1 else (0.0, 1.0)
        tests[task] = {"difference": float(tau), "p": float(p)}
    return [
        {
            "task": task,
            "first": by[task][0][1],
            "last": by[task][-1][1],
            "tau": round(test["difference"], 3),
            "p": round(test["p"], 4),
            "moves": MOVES.get(test["verdict"], "not shown to move one way"),
        }
        for task, test in stats.together(tests).items()
    ]


def _by_task(results):
    """{task: [(step, the one number that stands for its score)]} of tasks that were asked at every step."""
    names = set.intersection(*(set(found) for found in results.values())) if results else set()
    return {t: [(step, show.one_number(found[t])["score"]) for step, found in results.items()] for t in sorted(names)}


def chart(results):
    """Scores while the model learned. results: as `asked` gives them."""
    by, better = _by_task(results), {t: r["better"] for t, r in next(iter(results.values())).items()}
    words = "; ".join(f"{t} from {points[0][1]:.2f} to {points[-1][1]:.2f}" for t, points in by.items())
    fig, axis = figure("What was learnt when", f"Scores of the weights of {len(results)} steps. {words}.", height=3.0)
    for n, (task, points) in enumerate(by.items()):
        colour, mark = COLOURS[n % len(COLOURS)], "oD^s"[n // len(COLOURS) % 4]
        axis.plot(*zip(*points), f"{mark}-", color=colour, markersize=4, label=f"{task} {ARROWS[better[task]]}")
    axis.set(xlabel="step", ylabel="score", xlim=(0, None))
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig
