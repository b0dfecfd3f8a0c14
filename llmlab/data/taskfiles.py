"""Tasks that somebody brings: items in the usual layouts, what `tasks.yaml` says of them, and whether they can be judged at all."""

import hashlib
from collections import Counter
from pathlib import Path

import regex
import yaml

from llmlab.data import layouts, tasks
from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, near


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
}


def _check_head(file, name, head):
    """What tasks.yaml says of one task is known, and of the right kind."""
    for key, value in head.items() if isinstance(head, dict) else [(str(head), None)]:
        if key not in KINDS:
            raise UserError(f"{file}: {name} says {key!r}", near(key, KINDS), f"$EDITOR {file}")
        fits = isinstance(value, KINDS[key]) and (key != "better" or value in ("higher", "lower", "even"))
        if not fits or (key == "forms" and not set(value) <= {"chat", "text"}):
            raise UserError(
                f"{file}: {name}: {key} = {value!r}",
                "higher, lower or even" if key == "better" else f"such as {EXAMPLES.get(key, key)}",
                f"$EDITOR {file}",
            )
    if "metric" in head:
        check_metric(name, head["metric"])


EXAMPLES = {
    "metric": "metric: contains",
    "forms": "forms: [chat, text]",
    "chance": "chance: 0.25",
    "temperature": "temperature: 1",
    "version": "version: 1",
    "final": "final: true",
}


def check_metric(name, metric):
    """Raises UserError for a metric that nobody knows, a judging model that is not there, or a function whose module is not."""
    if metric.startswith("judge:"):
        if not (ROOT / metric.removeprefix("judge:")).is_dir():
            raise UserError(
                f"task {name}: there is no model {metric.removeprefix('judge:')!r}", "judge:FOLDER of a model", "mend tasks.yaml"
            )
    elif metric not in tasks.METRICS and ("." not in metric or not dotted.exists(metric)):
        raise UserError(
            f"task {name}: there is no metric {metric!r}", near(metric, tasks.METRICS), "mend tasks.yaml; or a dotted path of your own"
        )


def shaped(name, rows, head=None, columns=()):
    """(head, items by split) of one task.

    Args:
        rows: pairs of a place and a row as somebody wrote it.
        head: what is said of the task; the rest follows from the items.
        columns: two names, where the rows are questions and their answers in columns of other names.
    """
    head = dict(head or {})
    cluster, group = head.pop("cluster", "cluster"), head.pop("group", "group")
    found = [(place, _item(place, name, row, columns)) for place, row in rows]
    if not found:
        raise UserError(f"task {name} has no item", "a JSON-lines file with an item per line", f"rm {name}.jsonl")
    implied = [item.pop("metric", None) for _, item in found][0]
    metric = head.pop("metric", None) or implied or _metric(name, found[0][1])
    check_metric(name, metric)
    for n, (place, item) in enumerate(found):
        _check_item(place, name, metric, item)
        item["cluster"] = str(item.get(cluster, f"{name}-{n}"))
        if item.get(group) is not None:
            item["group"] = str(item[group])
    forms = [form for form, key in (("chat", "messages"), ("text", "text")) if all(key in item for _, item in found)]
    if tasks.METRICS.get(metric, ("",))[0] == tasks.LIKELIHOOD and "text" in found[0][1]:
        forms = ["chat", "text"]  # how likely a sentence is can be asked of any model
    return tasks.task(name, metric, **{"forms": forms, "chance": chance(metric, [i for _, i in found]), **head}), _halves(name, found)


def _halves(name, found):
    """Items by split: as they say, else whole clusters in turn, in an order that depends on their names alone, group by group."""
    items, free = {"validation": [], "test": []}, {}
    for place, item in found:
        split = item.pop("split", None)
        if split is None:
            free.setdefault(item.get("group", ""), {}).setdefault(item["cluster"], []).append(item)
        elif str(split).lower() in tasks.SPLITS:
            items[tasks.SPLITS[str(split).lower()]].append(item)
        else:
            raise UserError(f"{_at(place)}: split is {split!r}", "validation or test", "mend the item")
    for group, clusters in free.items():
        mark = lambda cluster: hashlib.blake2b(f"{name} {group} {cluster}".encode()).digest()  # noqa: B023, E731
        for n, cluster in enumerate(sorted(clusters, key=mark)):
            items["test" if n % 2 == 0 else "validation"] += clusters[cluster]
    return items


def _check_item(place, name, metric, item):
    """Refuses an item that its metric cannot judge."""
    needs = {
        "states": "target",
        "answers": "target",
        "exact": "target",
        "contains": "target",
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
            f"{_at(place)}: task {name} is judged by {metric}, and its target is {str(target)[:40]!r}",
            "a text, or a list of texts",
            "mend the item",
        )
    if choices is not None or need == "choices":
        whole = isinstance(choices, list) and len(choices) > 1 and all(isinstance(c, str) for c in choices)
        right = item.get("right", 0)
        if (
            not whole
            or not isinstance(right, int)
            or not 0 <= right < len(choices)
            or (metric == "choice" and "right" not in item)
            or (metric in ("prefers_first", "leans") and len(choices) != 2)
        ):
            raise UserError(
                f"{_at(place)}: choices are {str(choices)[:60]}, the right one is {item.get('right')!r}",
                "a list of texts, and the number of the right one, from 0",
                "mend the item",
            )
    if metric == "regex":
        try:
            [regex.compile(str(t)) for t in said]
        except regex.error as error:
            raise UserError(
                f"{_at(place)}: {str(target)[:40]!r} is no regular expression: {error}", "one that Python's regex reads", "mend the item"
            ) from None
    if not ({"messages", "text"} & set(item)):
        raise UserError(f"{_at(place)}: task {name} asks nothing", "prompt, messages or text", "mend the item")


def _metric(name, item):
    if "choices" in item:
        return "prefers_first" if "right" not in item else "choice"
    if "target" in item:
        return "states" if item.get("wrong") else "contains"
    raise UserError(
        f"task {name}: its items have no target and no choices", "a metric that needs none", f"{name}: {{metric: refuses}} in tasks.yaml"
    )


def chance(metric, items):
    """What a clever guesser gets: the share of the commonest answer, or one of as many as there are choices."""
    if metric in ("prefers_first", "leans"):
        return 0.5
    if metric in ("choice", "ranks_first"):
        return round(sum(1 / len(i["choices"]) for i in items) / len(items), 3)
    targets = Counter(str(i["target"]) for i in items if "target" in i)
    return round(max(targets.values()) / len(items), 3) if targets and metric in ("exact", "contains", "states", "number") else 0.0


BESIDE = ("split", "cluster", "group", "wrong", "id", "device")  # what an item of other people's columns may say besides


def _item(place, name, row, columns):
    """A row in one of the usual layouts as an item."""
    more = {k: row[k] for k in BESIDE if row.get(k) is not None}
    if columns and set(columns) <= set(row):
        asked, right = str(row[columns[0]]), row[columns[1]]
        return {"messages": tasks.user(asked), "text": asked, "target": right, "metric": "exact", **more}
    if {"sentence_good", "sentence_bad"} <= set(row):  # BLiMP (Warstadt et al. 2020)
        return {"text": "", "choices": [row["sentence_good"], row["sentence_bad"]], "right": 0, **more}
    if {"sent_more", "sent_less"} <= set(row):  # CrowS-Pairs (Nangia et al. 2020)
        return {
            "text": "",
            "choices": [row["sent_more"], row["sent_less"]],
            "metric": "prefers_first",
            **{"group": row.get("bias_type", ""), **more},
        }
    if {"context", "question", "ans0", "label"} <= set(row):  # BBQ (Parrish et al. 2022)
        choices = [str(row[k]) for k in ("ans0", "ans1", "ans2") if k in row]
        asked, template = f"{row['context']} {row['question']}", f"{row.get('category', '')} {row.get('question_index', place[1])}"
        told = {"group": row.get("context_condition", ""), "cluster": template, **more}
        return {"messages": tasks.user(asked), "text": f"{asked}\n", "choices": choices, "right": int(row["label"]), **told}
    if {"prompt", "label"} <= set(row) and row["label"] in ("safe", "unsafe"):  # XSTest (Röttger et al. 2024)
        return {
            "messages": tasks.user(row["prompt"]),
            "metric": "refuses",
            "refuse": row["label"] == "unsafe",
            **{"group": row["label"], **more},
        }
    return _own_item(place, name, row)


def _own_item(place, name, row):
    """A row with `prompt` (or `question`), `messages` or `text`; what else it holds stays if JSON can say it."""
    item = {k: v for k, v in row.items() if v is not None and isinstance(v, str | int | float | list | dict)}
    asked = next((item.pop(k) for k in ("prompt", "question") if isinstance(item.get(k), str)), None)
    if asked is not None:
        item = {"messages": tasks.user(asked), "text": asked if "choices" not in item else f"{asked}\n", **item}
    if "messages" in item:
        try:
            item["messages"] = layouts.instruction({"messages": item["messages"]}, "messages")["messages"]
        except layouts.Untrue as error:
            raise UserError(f"{_at(place)}: task {name}: {error}", "a list of messages that ends with the user", "mend the item") from None
        if not item["messages"] or item["messages"][-1]["role"] != "user":
            raise UserError(
                f"{_at(place)}: task {name}: the messages do not end with the user",
                "what the model is to answer comes last",
                "mend the item",
            )
    if not ({"messages", "text"} & set(item)):
        raise UserError(
            f"{_at(place)}: task {name} asks nothing; the columns are {', '.join(row)}", "prompt, messages or text", "mend the item"
        )
    if "choices" in item and "right" not in item and (right := _right(item)) is not None:
        item["right"] = right
    return item


def _right(item):
    """Which choice is right, where that is said by its text, its number or its letter."""
    said = next((item[k] for k in ("target", "answer", "answerKey", "gold", "label") if k in item), None)
    choices = item["choices"] if isinstance(item["choices"], list) else []
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if said in choices:
        return choices.index(said)
    return ord(said.upper()) - ord("A") if isinstance(said, str) and len(said) == 1 and said.isalpha() else None


def _at(place):
    return f"{place[0]}, line {place[1]}"
