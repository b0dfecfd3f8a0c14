"""Lessons that are trained once more beside those of the run, asked the same and not kept: other methods (see `rivals`), or other seeds.

An interval over items says how much another exam would change a score; it knows nothing of another training. Both are chance.
"""

import shutil
import statistics
from pathlib import Path

from llmlab.evaluation import evaluate
from llmlab.spine import dotted
from llmlab.spine.files import read_json
from llmlab.training import launch


def asked(step, out, tasks_folder, limit, drawn, **arguments):
    """Trains a model in `out` and scores it there, on the validation half; made once.

    Args:
        step: function: out, … → (summary, folder of the model), whose weights are not kept.
        limit: items per task, 0 for all; drawn: the seed by which they are drawn, that of whatever the scores are compared with.
        arguments: those of the step; a dotted path among them stands for its code too.
    """
    path, exam = f"{step.__module__}.{step.__name__}", dict(tasks_folder=tasks_folder, limit=limit, drawn=drawn)
    return launch.step(_arm, out=out, step=path, **exam, **arguments)


def _arm(step, out, tasks_folder, limit, drawn, **arguments):
    summary, folder = dotted.function(step)(out=out, tasks_folder=tasks_folder, **arguments)
    evaluate.evaluate(folder, tasks_folder, out, form="chat", split="validation", limit=limit, seed=drawn)
    for made in (p for p in out.iterdir() if p.is_dir()):
        shutil.rmtree(made)
    return summary


def unfinished(folders):
    """Removes what an arm that could not learn left; those that were finished stay."""
    for folder in folders:
        if (folder / ".step.json").exists() and read_json(folder / ".step.json")["summary"] is None:
            shutil.rmtree(folder)


def tidy(out, names):
    """Removes arms that are no longer asked for."""
    for folder in Path(out).iterdir() if Path(out).exists() else ():
        if folder.name not in names:
            shutil.rmtree(folder)


def repeated(lessons, tasks_folder, out, seed, seeds, limit=0, devices=1):
    """The same lessons with further seeds.

    Args:
        lessons: [(dotted path, as `dotted.called` takes it, its arguments)] in their order, the first with the `model` it starts from, each other starting from
            the one before, or having it for its `teacher`.
        out: folder; seed: of the training that there is, and of the items it was asked; seeds: trainings in all, with it; devices: processes, as that had.

    Returns: [{task: result}], one for each further seed.
    """
    others = [(seed + n) % 2**32 for n in range(1, seeds)]
    tidy(out, [f"seed-{other}" for other in others])
    for other in others:
        asked(taught, out / f"seed-{other}", tasks_folder, limit, seed, lessons=lessons, processes=devices, seed=other)
    return [read_json(out / f"seed-{other}" / "results.json") for other in others]


def taught(lessons, processes, seed, out, tasks_folder):
    """(summary, folder) of the last of some lessons, as `repeated` takes them. Each is a step, so a kill costs no lesson that was finished."""
    made, before = [], None
    for n, (path, given) in enumerate(lessons):
        folder = out / f"{out.name}-lesson-{n + 1}"  # a name of its own: the curves of the run's lessons are called after their folders
        start = {"teacher" if "teacher" in given else "model": before} if before else {}
        made.append(launch.step(path, processes, out=folder, seed=seed, **{**given, **start}))
        before = folder
    return {key: sum(lesson[key] for lesson in made) for key in ("seconds", "steps")}, before


def noise(first, others):
    """Rows {"task", "scores": with each seed, "of seeds": their standard deviation, "of items": half the interval of the first, divided by 1.96, "the larger"}.

    Args:
        first: {task: result} of the training that there is; others: as `repeated` gives them.
    """
    rows = []
    for task in first:
        result, *again = (
            {**of[task], **of[task].get("uneven", {})} for of in (first, *others)
        )  # of groups, the distance from even that pages show
        scores = [found["score"] for found in (result, *again)]
        of_seeds, of_items = statistics.stdev(scores), (result["high"] - result["low"]) / 2 / 1.96
        larger = "seeds" if of_seeds > of_items else "items"
        told = {"of seeds": f"{of_seeds:.3f}", "of items": f"{of_items:.3f}", "the larger": larger}
        rows.append({"task": task, "scores": ", ".join(f"{s:.3f}" for s in scores), **told})
    return rows
