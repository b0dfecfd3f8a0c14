"""Public tasks by EleutherAI's lm-evaluation-harness: their prompts, their metrics, its records item by item.

    lm_eval:arc_easy,piqa       tasks that it knows, from the hub
    lm_eval:path/to/folder      YAML files of one's own

Phase 2 asks it which documents a task has; half of them are for validation, and its per-item scores stand in samples.jsonl like all others, so
that intervals, paired tests, findings and the gate treat all tasks alike. It is an extra: `make lm_eval`.
"""

import contextlib
import functools
import importlib.util
import io
import logging
import os
from pathlib import Path

from llmlab.data.tasks import task
from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT

PER_ITEM = ("acc", "exact_match", "acc_norm", "acc_bytes", "bleu_acc", "rouge_acc", "contains")  # a number for each item
MARK, OUTPUT, IN = "lm_eval:", "lm_eval", "@"


def is_public(text):
    """Whether a text names tasks of the harness."""
    return text.startswith(MARK)


def places(text):
    """Files that a text names on this machine."""
    path = ROOT / text.removeprefix(MARK)
    return [path] if path.exists() else []


def check(text):
    """Before any kernel starts: the harness is installed, and a folder that is named is there."""
    if importlib.util.find_spec("lm_eval") is None:
        raise UserError(f"tasks = {text!r} needs lm-evaluation-harness", "an extra of llmlab", "make lm_eval")
    name = text.removeprefix(MARK)
    if ("/" in name or name.endswith(".yaml")) and not (ROOT / name).exists():
        raise UserError(
            f"tasks: there is no folder {name!r}", "a folder of YAML files, or names of public tasks", f"ls {Path(name).parent}"
        )


def brought(text):
    """(head, items by split) of each task that a text names."""
    check(text)
    found = loaded(text)
    place = _placed(text, found)
    for name, public in found.items():
        metric = next((m for m in public.config.metric_list or () if m["metric"] in PER_ITEM), None)
        if metric is None:
            raise UserError(f"{text}: {name} has no metric of single items", f"one of {', '.join(PER_ITEM)}", "lm-eval ls tasks")
        higher, called = metric.get("higher_is_better", True), _called(public, metric["metric"])
        items = [{"doc_id": n, "text": str(public.doc_to_text(doc))[:2000]} for n, doc in enumerate(public.eval_docs)]
        halves = {
            split: [{**i, "cluster": f"{name}-{i['doc_id']}"} for i in items if i["doc_id"] % 2 == at]
            for split, at in (("validation", 1), ("test", 0))
        }
        about = f"{name} of lm-evaluation-harness, by its {called}"
        yield task(name, called, OUTPUT, ["chat", "text"], _chance(public), about, "higher" if higher else "lower", place=place), halves


def _called(public, metric):
    """A metric by the harness's own name: with the filter of the answers, where a task has several; the first of them is taken."""
    filters = [each["name"] for each in public.config.filter_list or ()]
    return f"{metric},{filters[0]}" if len(filters) > 1 else metric


def _chance(public):
    """One of as many as a question has choices; 0 where it has none."""
    choices = [len(public.doc_to_choice(doc)) for doc in list(public.eval_docs)[:50]] if public.config.doc_to_choice else []
    return round(sum(1 / c for c in choices) / len(choices), 3) if choices else 0.0


@functools.cache
def loaded(text):
    """{name: task of the harness} that a text, or the place of a head, names; loaded once per process."""
    name = text.removeprefix(MARK)
    with quiet():
        if (ROOT / name).exists():
            manager = _manager(ROOT / name if (ROOT / name).is_dir() else (ROOT / name).parent)
            names = manager.all_subtasks if (ROOT / name).is_dir() else [Path(name).stem]
        else:
            name, _, folders = name.partition(IN)
            manager, names = _manager(*(_own() / folder for folder in folders.split(",") if folder)), _named(name)
        try:
            return manager.load(list(names))["tasks"]
        except Exception as error:  # no such name, no network, a broken file: its own message says which
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise UserError(
                f"tasks = {text!r}: {why}", "names that the harness knows, or a folder of YAML files", "lm-eval ls tasks"
            ) from error


@functools.cache
def _manager(*folders):
    """What knows the tasks of some folders, or all that come with the harness: some thirteen thousand files, which take seconds to read."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=[str(folder) for folder in folders], include_defaults=False) if folders else TaskManager()


def _own():
    """Where the tasks stand that come with the harness."""
    import lm_eval.tasks

    return Path(lm_eval.tasks.__file__).parent


def _named(names):
    return [name.strip() for name in names.split(",")]


def _placed(text, found):
    """A text with the folders of the harness in which the tasks that it names were found: whoever asks them later need not read all others."""
    if (ROOT / text.removeprefix(MARK)).exists():
        return text
    index = _manager().task_index
    files = [index[name].yaml_path for name in (*_named(text.removeprefix(MARK)), *found) if name in index]
    return f"{text}{IN}{','.join(sorted({file.relative_to(_own()).parts[0] for file in files if file}))}"


@contextlib.contextmanager
def quiet():
    """The harness logs much, and shows bars of its own."""
    level, bars = logging.root.manager.disable, os.environ.get("TQDM_DISABLE")
    logging.disable(logging.WARNING)
    os.environ["TQDM_DISABLE"] = "1"
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(level)
        os.environ.pop("TQDM_DISABLE") if bars is None else os.environ.update(TQDM_DISABLE=bars)
