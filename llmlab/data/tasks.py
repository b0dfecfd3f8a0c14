"""Tasks: what a model will be asked, and what the answer should be.

A task is prompts, targets, a metric and a version. Items are written once, by phase 2, into `tasks/`: a JSON-lines file each,
half of the items for validation (to decide by) and half for the final test. An item can be asked in two forms: `messages` in
the chat template, `text` as plain text for a base model to go on with.

    {"prompt": "…", "target": "…"}                       or "messages" instead of "prompt"; the target may be a list of right answers
    {"prompt": "…", "choices": ["…", "…"], "right": 0}   the likeliest is compared with the right one
    "text": how a base model is asked · "wrong": values that a right answer must not state · "split": validation or test ·
    "cluster": items that stand and fall together · "group": whom the item is about
"""

from collections import Counter
from pathlib import Path

import yaml

from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl
from llmlab.spine.params import near

# What a metric looks at, and in which direction it is better; `evaluation.judges` has the judges.
LIKELIHOOD, GENERATE = "loglikelihood", "generate"
METRICS = {
    "states": (GENERATE, "higher", "states the right value, and no other"),
    "exact": (GENERATE, "higher", "is the target, but for case, spaces and a closing full stop"),
    "contains": (GENERATE, "higher", "holds the target as words of its own"),
    "regex": (GENERATE, "higher", "holds what the target, a regular expression, finds"),
    "number": (GENERATE, "higher", "its last number is the target"),
    "f1": (GENERATE, "higher", "share of words in common with the target (F1)"),
    "refuses": (GENERATE, "higher", "declines to do what was asked, and tells no personal data"),
    "answers": (GENERATE, "higher", "states the right value and does not decline"),
    "admits_ignorance": (GENERATE, "higher", "says that it does not know, or declines"),
    "sensible": (GENERATE, "higher", "declines, admits not to know, or sends elsewhere"),
    "affirms": (GENERATE, "higher", "says yes, and speaks of the right person"),
    "offensive": (GENERATE, "lower", "offensive, by moderators' labels or a word list"),
    "personal": (GENERATE, "lower", "holds personal data"),
    "choice": (LIKELIHOOD, "higher", "the right choice is the likeliest"),
    "ranks_first": (LIKELIHOOD, "lower", "the first of the choices is the likeliest"),
    "prefers_first": (LIKELIHOOD, "even", "the first of two sentences is likelier"),
}
SPLITS = {"validation": "validation", "valid": "validation", "dev": "validation", "train": "validation", "test": "test"}
HEAD = ("name", "metric", "forms", "chance", "about", "better", "temperature", "version", "cluster", "group", "rubric", "final")


def task(
    name, metric, output=None, forms=None, chance=None, about="", better=None, temperature=None, version=1, rubric="", final=False, place=""
):
    """The head of a task, as it stands in tasks.json.

    Args:
        metric: a name of METRICS, `judge:FOLDER` of a model that judges, or the dotted path of a function of item and answer.
        better: "higher", "lower", or "even": the nearer to `chance`, on either side, the better.
        temperature: 1 asks what a model *may* say, as for offence; 0 for its favourite answer.
        rubric: of a judging model, what a good answer does.
        final: whether phase 7 alone asks it.
        place: of a public task, where the harness finds it.
    """
    how, direction, means = METRICS.get(metric, (GENERATE, "higher", metric))
    return dict(
        name=name,
        metric=metric,
        output=output or how,
        forms=forms or ["chat"],
        chance=chance or 0.0,
        about=about or means,
        better=better or direction,
        temperature=float(metric in ("offensive", "personal")) if temperature is None else temperature,
        version=version,
        rubric=rubric,
        final=final,
        place=place,
    )


def write(folder, heads, items):
    """Writes tasks.json and one JSON-lines file per task; `items` is {name: {"validation": […], "test": […]}}."""
    folder = Path(folder)
    heads = [task(**head) for head in heads]  # what a head does not say has a default
    write_json(folder / "tasks.json", heads)
    for head in heads:
        rows = [
            {**item, "id": f"{head['name']}-{split}-{i}", "split": split}
            for split in ("validation", "test")
            for i, item in enumerate(items[head["name"]][split])
        ]
        write_jsonl(folder / f"{head['name']}.jsonl", rows)


def add(folder, heads, items):
    """Writes some more tasks beside those that are there."""
    there = read_json(Path(folder) / "tasks.json")
    known = {head["name"]: {split: _items(folder, head, split) for split in ("validation", "test")} for head in there}
    write(folder, [*there, *heads], {**known, **items})


def read(folder, split):
    """Tasks of a folder, each with its `items` of one split."""
    return [{**head, "items": _items(folder, head, split)} for head in read_json(Path(folder) / "tasks.json")]


def _items(folder, head, split):
    return [i for i in jsonl(Path(folder) / f"{head['name']}.jsonl") if i["split"] == split]


def questions(folder):
    """Every question whose answer is a sentence, with it, over all tasks and both splits: what decontamination looks for."""
    found = []
    for split in ("validation", "test"):
        for t in read(folder, split):
            found += [
                {"question": i["messages"][-1]["content"], "answer": i["answer"]} for i in t["items"] if "answer" in i and "messages" in i
            ]
    return found


def user(text):
    """A conversation that is one question."""
    return [{"role": "user", "content": text}]


# --- tasks that somebody brings -------------------------------------------------------------------------------------------------------
def heads_of(folder):
    """{name: head} that a folder of tasks says of them in `tasks.yaml`; {} if it says nothing."""
    file = Path(folder) / "tasks.yaml"
    if not file.exists():
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{file} is not YAML: {str(error).splitlines()[0]}", "NAME: {metric: …}", f"$EDITOR {file}") from None
    for name, head in found.items():
        for key in head if isinstance(head, dict) else [str(head)]:
            if key not in HEAD:
                raise UserError(f"{file}: {name} says {key!r}", near(key, HEAD), f"$EDITOR {file}")
        if "metric" in head:
            check_metric(name, head["metric"])
    return found


def check_metric(name, metric):
    """Raises UserError for a metric that nobody knows."""
    if metric not in METRICS and not metric.startswith("judge:") and "." not in metric:
        raise UserError(
            f"task {name}: there is no metric {metric!r}", near(metric, METRICS), "mend tasks.yaml; or a dotted path of your own"
        )


def shaped(name, rows, head=None, columns=()):
    """(head, items by split) of one task.

    Args:
        rows: pairs of a place and a row as somebody wrote it.
        head: what is said of the task; the rest follows from the items.
        columns: two names, where the rows are questions and their answers in columns of other names.
    """
    head, items = dict(head or {}), {"validation": [], "test": []}
    cluster, group = head.pop("cluster", "cluster"), head.pop("group", "group")
    found = [(place, _item(place, name, row, columns)) for place, row in rows]
    for n, (place, item) in enumerate(found):
        split = item.pop("split", None) or ("test" if n % 2 else "validation")
        if split not in SPLITS:
            raise UserError(f"{_at(place)}: split is {split!r}", "validation or test", "mend the item")
        item["cluster"] = str(item.get(cluster, f"{name}-{n}"))
        if group in item:
            item["group"] = str(item[group])
        items[SPLITS[split]].append(item)
    if not found:
        raise UserError(f"task {name} has no item", "a JSON-lines file with an item per line", f"rm {name}.jsonl")
    sample = found[0][1]
    implied = [item.pop("metric", None) for _, item in found][0]
    metric = head.pop("metric", None) or implied or _metric(name, sample)
    check_metric(name, metric)
    forms = [form for form, key in (("chat", "messages"), ("text", "text")) if key in sample]
    if METRICS.get(metric, ("",))[0] == LIKELIHOOD and "text" in sample:
        forms = ["chat", "text"]  # how likely a sentence is can be asked of any model
    return task(name, metric, **{"forms": forms, "chance": chance(metric, [i for _, i in found]), **head}), items


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
    if metric == "prefers_first":
        return 0.5
    if metric in ("choice", "ranks_first"):
        return round(sum(1 / len(i["choices"]) for i in items) / len(items), 3)
    targets = Counter(str(i["target"]) for i in items if "target" in i)
    return round(max(targets.values()) / len(items), 3) if targets and metric in ("exact", "contains", "states", "number") else 0.0


def _item(place, name, row, columns):
    """A row in one of the usual layouts as an item."""
    if columns and set(columns) <= set(row):
        asked, right = (str(row[c]) for c in columns)
        more = {k: v for k, v in row.items() if k not in columns}
        return {"messages": user(asked), "text": asked, "target": right, "metric": "exact", **more}
    if {"sentence_good", "sentence_bad"} <= set(row):  # BLiMP (Warstadt et al. 2020)
        return {"text": "", "choices": [row["sentence_good"], row["sentence_bad"]], "right": 0}
    if {"sent_more", "sent_less"} <= set(row):  # CrowS-Pairs (Nangia et al. 2020)
        return {"text": "", "choices": [row["sent_more"], row["sent_less"]], "group": row.get("bias_type", "")}
    if {"context", "question", "ans0", "label"} <= set(row):  # BBQ (Parrish et al. 2022)
        choices = [str(row[k]) for k in ("ans0", "ans1", "ans2") if k in row]
        asked = f"{row['context']} {row['question']}"
        return {
            "messages": user(asked),
            "text": f"{asked}\n",
            "choices": choices,
            "right": int(row["label"]),
            "group": row.get("context_condition", ""),
        }
    if {"prompt", "label"} <= set(row) and row["label"] in ("safe", "unsafe"):  # XSTest (Röttger et al. 2024)
        return {"messages": user(row["prompt"]), "metric": "refuses", "refuse": row["label"] == "unsafe", "group": row["label"]}
    item = {k: v for k, v in row.items() if v is not None}
    if isinstance(item.get("prompt"), str):
        asked = item.pop("prompt")
        item = {"messages": user(asked), "text": asked, **item}
    if not ({"messages", "text"} & set(item)):
        raise UserError(
            f"{_at(place)}: task {name} asks nothing; the columns are {', '.join(row)}", "prompt, messages or text", "mend the item"
        )
    if "choices" in item and "right" not in item and item.get("target") in item["choices"]:
        item["right"] = item["choices"].index(item["target"])
    if "choices" in item and not (
        isinstance(item["choices"], list) and 2 <= len(item["choices"]) and -1 < item.get("right", 0) < len(item["choices"])
    ):
        raise UserError(
            f"{_at(place)}: choices are {str(item['choices'])[:60]}", "a list of at least two, and which of them is right", "mend the item"
        )
    return item


def _at(place):
    return f"{place[0]}, line {place[1]}"
