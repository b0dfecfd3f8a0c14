"""Who judges the answers to a task: a metric of llmlab's own, a model, or a function of somebody's; where it lies, and whether it is there."""

from llmlab.data import tasks
from llmlab.spine import dotted, places
from llmlab.spine.errors import UserError
from llmlab.spine.params import near


def check(name, metric, file="tasks.yaml"):
    """Raises UserError for a metric that nobody knows, a judging model that is not there, or a function whose module is not."""
    if metric.startswith(tasks.JUDGE):
        place = judge(metric, f"task {name}: judge", f"$EDITOR {file}")
        if place is not None and place.is_dir() and not (place / "config.json").exists():
            raise UserError(f"task {name}: {place.name} holds no model", f"judge: and {places.MODELS}", f"$EDITOR {file}")
    elif metric not in tasks.METRICS and ("." not in metric or not dotted.exists(metric)):
        own = "; or a function of your own by its dotted path, as my_file.my_judge"
        raise UserError(f"task {name}: there is no metric {metric!r}", near(metric, tasks.METRICS) + own, f"$EDITOR {file}")


def judge(metric, what="judge", fix="$EDITOR tasks.yaml"):
    """Where what judges lies on this machine: the model of a metric `judge:MODEL`, None on the hub, or the file of a function of one's own; None of a metric
    that llmlab has."""
    if metric.startswith(tasks.JUDGE):
        return places.model(metric.removeprefix(tasks.JUDGE), what, fix)
    return None if metric in tasks.METRICS else dotted.file(metric)
