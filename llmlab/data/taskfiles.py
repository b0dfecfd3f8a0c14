"""Tasks that somebody brings: items in the usual layouts, what `tasks.yaml` says of them, and whether they can be judged at all."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import regex
import yaml

from llmlab.data import metrics, taskrows, tasks
from llmlab.spine.errors import UserError
from llmlab.spine.params import near


def heads_of(folder):
    """{name: head} that a folder of tasks says of them in `tasks.yaml`; {} if it says nothing."""
    file = Path(folder) / "tasks.yaml"
    if not file.exists():
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{file} is not YAML: {str(error).splitlines()[0]}", "NAME: {metric: …}", f"$EDITOR {file}") from None
    if not isinstance(found, dict):
        raise UserError(f"{file} is a {type(found).__name__}", "NAME: {metric: …}, a line for each task", f"$EDITOR {file}")
    for name, head in found.items():
        _check_head(file, name, head)
    return found


KINDS = {
    "metric": str,
    "forms": list,
    "chance": (int, float),
    "about": str,
    "better": str,
    "temperature": (int, float),
    "version": int,
    "cluster": str,
    "group": str,
    "rubric": str,
    "final": bool,
    "answer_tokens": int,
    "kind": str,
}
ONE_OF = {"better": ("higher", "lower", "even"), "kind": ("quality", "safety")}


def _check_head(file, name, head):
    """What tasks.yaml says of one task is known, and of the right kind."""
    for key, value in head.items() if isinstance(head, dict) else [(str(head), None)]:
        if key not in KINDS:
            raise UserError(f"{file}: {name} says {key!r}", near(key, KINDS), f"$EDITOR {file}")
        fits = isinstance(value, KINDS[key]) and value in ONE_OF.get(key, (value,))
        fits = fits and (key != "answer_tokens" or (value > 0 and not isinstance(value, bool)))
        if not fits or (key == "forms" and not (value and set(value) <= {"chat", "text"})):
            raise UserError(
                f"{file}: {name}: {key} = {value!r}",
                " or ".join((", ".join(ONE_OF[key][:-1]), ONE_OF[key][-1])) if key in ONE_OF else f"such as {EXAMPLES.get(key, key)}",
                f"$EDITOR {file}",
            )
    if "metric" in head:
        metrics.check(name, head["metric"], file)


EXAMPLES = {
    "metric": "metric: contains",
    "forms": "forms: [chat, text]",
    "chance": "chance: 0.25",
    "temperature": "temperature: 1",
    "version": "version: 1",
    "final": "final: true",
    "answer_tokens": "answer_tokens: 256",
}


def shaped(name, rows, head=None, columns=()):
    """(head, items by split) of one task.

    Args:
        rows: pairs of a place and a row as somebody wrote it.
        head: what is said of the task; the rest follows from the items.
        columns: two names, where the rows are questions and their answers in columns of other names.
    """
    head = dict(head or {})
    by = {kind: head.pop(kind) for kind in ("cluster", "group") if kind in head}
    found = [(place, taskrows.item(place, name, row, columns)) for place, row in rows]
    if not found:
        raise UserError(f"task {name} has no item", "a JSON-lines file with an item per line", f"rm {name}.jsonl")
    _check_columns(name, by, [row for _, row in rows])
    implied = [item.pop("metric", None) for _, item in found]
    if "metric" not in head:
        taskrows.check_alike(name, found, implied)
    metric = head.pop("metric", None) or implied[0] or _metric(name, *found[0])
    metrics.check(name, metric)
    if head.get("better") == "even" and "chance" not in head and tasks.METRICS.get(metric, ("", ""))[1] != "even":
        raise UserError(
            f"task {name} should be even, and nothing says at which score it is",
            f"the score of somebody who prefers nobody, such as {name}: {{better: even, chance: 0.5}}",
            "$EDITOR tasks.yaml",
        )
    for n, ((place, item), (_, row)) in enumerate(zip(found, rows)):
        _check_item(place, name, metric, item)
        told = {kind: row[column] for kind, column in by.items() if row.get(column) is not None}
        item["cluster"] = str(told.get("cluster", item.get("cluster", f"{name}-{n}")))
        if (group := told.get("group", item.get("group"))) is not None:
            item["group"] = str(group)
        if item.get("pair") == "":
            del item["pair"]  # an empty cell of a table
    items = [item for _, item in found]
    taskrows.settled(name, rows, items)
    guesses = [taskrows.guess(row, item) for item, (_, row) in zip(items, rows)] if metric == "choice" else []
    usual = {
        "forms": _forms(name, metric, items, head),
        "chance": chance(metric, items, guesses),
        "answer_tokens": tasks.room(metric, items),
    }
    return tasks.task(name, metric, **{**usual, **head}), _halves(name, found, head.get("final", False))


def _check_columns(name, by, rows):
    """Refuses a column that is named for the clusters or groups and that no row fills."""
    for kind, column in by.items():
        if all(row.get(column) is None for row in rows):
            there = dict.fromkeys(key for row in rows for key in row)
            raise UserError(f"task {name}: {kind} = {column!r} is a column that no row fills", near(column, there), "$EDITOR tasks.yaml")


def _forms(name, metric, items, head):
    """The forms in which all items can be asked; those that tasks.yaml names have to be among them."""
    able = [form for form, key in (("chat", "messages"), ("text", "text")) if all(key in item for item in items)]
    if tasks.METRICS.get(metric, ("",))[0] == tasks.LIKELIHOOD and "text" in able:
        able = ["chat", "text"]  # how likely a sentence is can be asked of any model
    if not able or not set(head.get("forms", ())) <= set(able):
        asked = f"forms are {', '.join(head['forms'])}" if head.get("forms") else "some rows have messages alone, others text alone"
        raise UserError(
            f"task {name}: {asked}",
            f"what all rows have: {', '.join(able) or 'prompt, messages or text'}",
            "$EDITOR tasks.yaml   (or the rows)",
        )
    return able


def _halves(name, found, final=False):
    """Items by split: as they say, or as one says that they stand and fall together with, else as `halved` has it. What is kept for the very end has no half
    to decide by: nobody would ask it."""
    items = [item for _, item in found]
    for place, item in found:
        split = item.get("split", "test" if final else None)
        if split is not None and str(split).lower() not in tasks.SPLITS:
            raise UserError(f"{taskrows.at(place)}: split is {split!r}", "validation or test", taskrows.look(place))
        item["split"] = None if split is None else tasks.SPLITS[str(split).lower()]
    free = []
    for unit in _units(items, TIES[0]):
        named = next((item["split"] for item in unit if item["split"]), None)
        for item in unit:
            item["split"] = item["split"] or named
        free += unit if named is None else []
    for item, half in zip(free, halved(name, free)):
        item["split"] = half
    return {half: [item for item in items if item["split"] == half] for half in ("validation", "test")}


TIES = (
    ("pair", "cluster"),
    ("pair",),
    (),
)  # what items may share that must not be torn apart, from the most that is kept whole to the least


def halved(name, items):
    """The half of each item, "validation" or "test", so that what one decides by tells nothing of what is asked in the end.

    Items that share a pair or a cluster, themselves or through others, are one unit, and units go to the halves in turn, in an order that depends on their
    names alone; those about the same groups one after the other, so that both halves are about all of them. Of one unit alone its pairs are kept whole,
    and of one pair nothing.
    """
    units = next((found for ties in TIES if len(found := _units(items, ties)) > 1), [items] if items else [])
    half = {}
    for n, unit in enumerate(sorted(units, key=lambda unit: _place(name, unit))):
        half |= {id(item): "validation" if n % 2 else "test" for item in unit}
    return [half[id(item)] for item in items]


def _place(name, unit):
    """Where a unit stands in the order of the units: by its groups, then by a hash of its names."""
    groups = sorted({item.get("group", "") for item in unit})
    return groups, hashlib.blake2b(f"{name} {' '.join(groups)} {min(item['cluster'] for item in unit)}".encode()).digest()


def _units(items, ties):
    """Lists of the items that share one of some keys, themselves or through others (the sets of a union-find, Tarjan 1975)."""
    leader, units = {}, defaultdict(list)

    def leading(mark):
        while leader.setdefault(mark, mark) != mark:
            leader[mark] = mark = leader[leader[mark]]
        return mark

    marks = [[(key, str(item[key])) for key in ties if key in item] or [("alone", n)] for n, item in enumerate(items)]
    for first, *others in marks:
        for other in others:
            leader[leading(other)] = leading(first)
    for item, (first, *_) in zip(items, marks):
        units[leading(first)].append(item)
    return list(units.values())


def _check_item(place, name, metric, item):
    """Refuses an item that its metric cannot judge."""
    needs = {
        "states": "target",
        "answers": "target",
        "exact": "target",
        "contains": "target",
        "tells": "target",
        "regex": "target",
        "number": "target",
        "f1": "target",
        "choice": "choices",
        "ranks_first": "choices",
        "prefers_first": "choices",
        "leans": "choices",
    }
    need, target, choices = needs.get(metric), item.get("target"), item.get("choices")
    said = target if isinstance(target, list) else [target]
    if need == "target" and not (
        said and all(isinstance(t, str | int | float) and not isinstance(t, bool) and str(t).strip() for t in said)
    ):
        raise UserError(
            f"{taskrows.at(place)}: task {name} is judged by {metric}, and its target is {str(target)[:40]!r}",
            "a text, or a list of texts",
            taskrows.look(place),
        )
    if choices is not None or need == "choices":
        whole = isinstance(choices, list) and len(choices) > 1 and all(isinstance(c, str) for c in choices)
        right = item.get("right", 0)
        if (
            not whole
            or not isinstance(right, int)
            or isinstance(right, bool)
            or not 0 <= right < len(choices)
            or (metric == "choice" and "right" not in item)
            or (metric in ("prefers_first", "leans") and len(choices) != 2)
        ):
            raise UserError(
                f"{taskrows.at(place)}: choices are {str(choices)[:60]}, the right one is {item.get('right')!r}",
                f"a list of texts, and {taskrows.SAID}",
                taskrows.look(place),
            )
    if metric == "regex":
        try:
            [regex.compile(str(t)) for t in said]
        except regex.error as error:
            raise UserError(
                f"{taskrows.at(place)}: {str(target)[:40]!r} is no regular expression: {error}",
                "one that Python's regex reads",
                taskrows.look(place),
            ) from None
    if not ({"messages", "text"} & set(item)):
        raise UserError(f"{taskrows.at(place)}: task {name} asks nothing", "prompt, messages or text", taskrows.look(place))


def _metric(name, place, item):
    if "choices" in item and "right" not in item:
        raise UserError(
            f"{taskrows.at(place)}: task {name}: nothing says which of the choices is right",
            f"{taskrows.SAID}; or, if two choices ought to be as likely, {name}: {{metric: prefers_first}} in tasks.yaml",
            taskrows.look(place),
        )
    if "choices" in item:
        return "choice"
    if "target" in item:
        return "states" if item.get("wrong") else "contains"
    raise UserError(
        f"task {name}: its items have no target and no choices",
        f"a metric that needs none, such as {name}: {{metric: refuses}} in tasks.yaml",
        "$EDITOR tasks.yaml",
    )


def chance(metric, items, guesses=()):
    """What a clever guesser gets: the share of the commonest answer, or one of as many as there are choices if that is more.

    Args:
        guesses: of a task with right choices, what would have to be said to each item; what is right once is no guess.
    """
    if metric in ("prefers_first", "leans"):
        return 0.5
    if metric in ("choice", "ranks_first"):
        most = max(Counter(guesses).values(), default=0)
        return round(max(sum(1 / len(i["choices"]) for i in items), most * (most > 1)) / len(items), 3)
    targets = Counter(str(i["target"]) for i in items if "target" in i)
    return round(max(targets.values()) / len(items), 3) if targets and metric in ("exact", "contains", "states", "number") else 0.0
