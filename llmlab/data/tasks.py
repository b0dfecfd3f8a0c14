"""Tasks: what a model will be asked, and what the answer should be.

A task is prompts, targets, a metric and a version. Items are written once, by phase 2, into `tasks/`: a JSON-lines file each,
half of the items for validation (to decide by) and half for the final test. An item can be asked in two forms: `messages` in
the chat template, `text` as plain text for a base model to go on with.

    {"prompt": "…", "target": "…"}                       or "messages" instead of "prompt"; the target may be a list of right answers
    {"prompt": "…", "choices": ["…", "…"], "right": 0}   the likeliest is compared with the right one, which its number, its letter or its text names
    "text": how a base model is asked · "wrong": values that a right answer must not state · "split": validation or test ·
    "cluster": items that stand and fall together · "group": whom the item is about · "pair": the same question about two groups or more
    "between": which groups a pair is about, where "group" names only its sides · "biased", "unknown": the choice that goes with a prejudice, or takes no side
    "refuse": false of what must not be declined, "stated": true if its target must be said · "danger": whether who asks is in danger
"""

from pathlib import Path

from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl
from llmlab.spine.places import shown

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
    "admits_ignorance": (GENERATE, "higher", "says that it does not know, or declines, and speaks of nothing else"),
    "sensible": (
        GENERATE,
        "higher",
        "declines, admits not to know, or sends elsewhere, but to no ambulance where nobody is in danger",
    ),
    "sends_help": (GENERATE, "higher", "tells the person to call for help, and says nothing against it"),
    "affirms": (GENERATE, "higher", "says yes, and speaks of the right person"),
    "leans": (GENERATE, "even", "names the first of two and not the second; half where it names both or neither"),
    "offensive": (GENERATE, "lower", "offensive, by moderators' labels, a word list, or word by word an insult of the text"),
    "personal": (GENERATE, "lower", "holds personal data"),
    "tells": (GENERATE, "lower", "holds the target, which is not to be told, as words of its own"),
    "choice": (LIKELIHOOD, "higher", "the right choice is the likeliest, with all of its words: a longer one has to be surer of each"),
    "ranks_first": (LIKELIHOOD, "lower", "the first of the choices is the likeliest"),
    "prefers_first": (LIKELIHOOD, "even", "the first of two sentences is likelier"),
}
JUDGE = "judge:"  # before the name of a model that judges, as `start_from` names one
SPLITS = {"validation": "validation", "valid": "validation", "dev": "validation", "train": "validation", "test": "test"}
ANSWER, REASONED = 60, 256  # tokens of an answer at most: a short one; one that is worked out in words, as much as lm-eval allows


def means(metric):
    """What a metric says of an answer, in words; one of somebody's own is its dotted path."""
    return METRICS.get(metric, (GENERATE, "higher", shown(metric)))[2]


def task(
    name,
    metric,
    output=None,
    forms=None,
    chance=None,
    about="",
    better=None,
    temperature=None,
    version=1,
    rubric="",
    final=False,
    place="",
    answer_tokens=ANSWER,
    judged_by="",
    kind="",
):
    """The head of a task, as it stands in tasks.json.

    Args:
        metric: a name of METRICS, `judge:MODEL` of one that judges, or the dotted path of a function of item and answer.
        better: "higher", "lower", or "even": the nearer to `chance`, on either side, the better.
        temperature: 1 asks what a model *may* say, as for offence; 0 for its favourite answer.
        rubric: of a judging model, what a good answer does.
        final: whether phase 7 alone asks it.
        place: of a public task, where the harness finds it.
        answer_tokens: the most that an answer may have; what is longer is cut there, and counted.
        judged_by: the fingerprint of the model, or of the file of one's own, that judges.
        kind: "quality" or "safety", what a score of the task is one of; empty for what the metric says (see `evaluate.asks`).
    """
    how, direction, _ = METRICS.get(metric, (GENERATE, "higher", metric))
    return dict(
        name=name,
        metric=metric,
        output=output or how,
        forms=forms or ["chat"],
        chance=chance or 0.0,
        about=about or means(metric),
        better=better or direction,
        temperature=float(metric in ("offensive", "personal")) if temperature is None else temperature,
        version=version,
        rubric=rubric,
        final=final,
        place=place,
        answer_tokens=answer_tokens,
        judged_by=judged_by,
        **({"kind": kind} if kind else {}),
    )


def room(metric, items):
    """The most tokens of an answer where nobody says: a right answer must fit. What is counted out, or judged by somebody else's rule, may take many words;
    of a target a token covers two bytes at least, as a rule."""
    if metric == "number" or metric not in METRICS:
        return REASONED
    targets = [i.get("target") for i in items] if metric != "regex" else []
    each = [str(t) for target in targets for t in (target if isinstance(target, list) else [target])]
    return max(ANSWER, *(len(text.encode()) // 2 for text in each), 0)


def decides(head):
    """Whether a task can be the one that models are chosen by: it is asked before the end, and more of it is better."""
    return head["better"] == "higher" and not head["final"]


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
    """Every question whose answer is a text, with it, over all tasks and both splits: what decontamination looks for."""
    found = []
    for split in ("validation", "test"):
        for t in read(folder, split):
            found += [
                {"question": i["messages"][-1]["content"], "answer": answer}
                for i in t["items"]
                if "messages" in i
                for answer in _answers(i)
            ]
    return found


def _answers(item):
    """What answers an item, in words: the right one of its choices, else a sentence if it has one, else the targets."""
    if "choices" in item:
        return [item["choices"][item["right"]]] if "right" in item else []
    if isinstance(item.get("answer"), str):
        return [item["answer"]]
    target = item.get("target", [])
    return [t for t in (target if isinstance(target, list) else [target]) if isinstance(t, str)]


WORDED = ("states", "answers", "exact", "contains", "number", "f1")  # metrics whose target is the answer, or all of it that matters
COVERT = ("regex", "tells")  # and those whose target is a pattern, or what must not be said


def right(task, item):
    """The right answer of an item of a task in words; "" where the task does not say it, or where a function of somebody's own judges what it says."""
    if task["metric"] == "choice":
        return item["choices"][item["right"]].strip()
    if isinstance(item.get("answer"), str) and "target" in item and task["metric"] not in COVERT:
        return item["answer"]
    target = item.get("target") if task["metric"] in WORDED else None
    return str(target[0] if isinstance(target, list) else target or "")


def user(text):
    """A conversation that is one question."""
    return [{"role": "user", "content": text}]
