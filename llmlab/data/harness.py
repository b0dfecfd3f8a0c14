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
MARK, OUTPUT = "lm_eval:", "lm_eval"


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
    for name, public in _tasks(text).items():
        metric = next((m for m in public.config.metric_list or () if m["metric"] in PER_ITEM), None)
        if metric is None:
            raise UserError(
                f"{text}: {name} has no metric of single items",
                f"one of {', '.join(PER_ITEM)}",
                "lm-eval ls tasks",
            )
        higher = metric.get("higher_is_better", True)
        items = [{"doc_id": n, "text": str(public.doc_to_text(doc))[:2000]} for n, doc in enumerate(public.eval_docs)]
        halves = {
            split: [{**i, "cluster": f"{name}-{i['doc_id']}"} for i in items if i["doc_id"] % 2 == at]
            for split, at in (("validation", 1), ("test", 0))
        }
        about = f"{name} of lm-evaluation-harness, by its {metric['metric']}"
        yield (
            task(name, metric["metric"], OUTPUT, ["chat", "text"], _chance(public), about, "higher" if higher else "lower", place=text),
            halves,
        )


def _chance(public):
    """One of as many as a question has choices; 0 where it has none."""
    choices = [len(public.doc_to_choice(doc)) for doc in list(public.eval_docs)[:50]] if public.config.doc_to_choice else []
    return round(sum(1 / c for c in choices) / len(choices), 3) if choices else 0.0


@functools.cache
def _tasks(text):
    """{name: task} of the harness, loaded once per process."""
    from lm_eval.tasks import TaskManager, get_task_dict

    name = text.removeprefix(MARK)
    with _quiet():
        if (ROOT / name).exists():
            place = ROOT / name if (ROOT / name).is_dir() else (ROOT / name).parent
            manager = TaskManager(include_path=str(place), include_defaults=False)
            names = manager.all_tasks if (ROOT / name).is_dir() else [Path(name).stem]
        else:
            manager, names = TaskManager(), [n.strip() for n in name.split(",")]
        try:
            return dict(_flat(get_task_dict(list(names), manager)))
        except Exception as error:  # no such name, no network, a broken file: its own message says which
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise UserError(
                f"tasks = {text!r}: {why}", "names that the harness knows, or a folder of YAML files", "lm-eval ls tasks"
            ) from error


def _flat(found):
    for name, inner in found.items():
        if isinstance(inner, dict):
            yield from _flat(inner)
        else:
            yield getattr(name, "group", name), inner


def scores(model, tokenizer, head, items):
    """(what the model said, its score) per item of one task, as the harness judges it; asked as the harness asks."""
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM

    name, metric = head["name"], head["metric"]
    with _quiet():
        found = simple_evaluate(
            model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=16),
            tasks=[_tasks(head["place"])[name]],
            samples={name: [i["doc_id"] for i in items]},
            log_samples=True,
            bootstrap_iters=0,
            confirm_run_unsafe_code=False,
        )
    said = {s["doc_id"]: s for s in found["samples"][name]}
    return [_answer(said[i["doc_id"]]) for i in items], [float(said[i["doc_id"]][metric]) for i in items]


def _answer(sample):
    """What the model said, as samples.jsonl keeps it: a text, or the log-likelihood of each choice."""
    told = sample["filtered_resps"]
    return str(told[0]) if told and isinstance(told[0], str) else [r[0] if isinstance(r, list | tuple) else r for r in told]


@contextlib.contextmanager
def _quiet():
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
