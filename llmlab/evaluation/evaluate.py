"""Scores a model on tasks: every score with its n, its interval and its chance level; and compares two folders of scores."""

import hashlib
import json
import math
import random
import re
from collections import defaultdict
from pathlib import Path

from llmlab.data import harness, tasks
from llmlab.evaluation import asking, evenness, judges, stats
from llmlab.models import weights
from llmlab.spine import track
from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl
from llmlab.spine.places import shown

RIGHT = "is it right?"  # what a task of quality asks; all others ask something else of an answer
# What an assistant says, before what it finds likely, and what somebody else's harness asks.
PREFERRED = (tasks.GENERATE, tasks.LIKELIHOOD, harness.OUTPUT)
PART = re.compile(r"(?:(?:\.gap)?(?:\.worst)?|\.bias)$")  # of a criterion's name: what of its task the criterion is about


def evaluate(model, tasks_folder, out, form, split, only=(), limit=0, seed=0, final=False, temperature=None, times=None):
    """Step: scores a model on the tasks of a folder.

    Args:
        model: folder of a model.
        tasks_folder: what phase 2 wrote.
        form: "chat" asks in the chat template, "text" as plain text to go on with (for a base model); what can be asked as text alone is asked so of both.
        split: "validation" while there is something to decide, "test" for the final word.
        only: names of tasks; all that can be asked so, if empty.
        limit: items per task, 0 for all; tasks that are kept for the very end are asked whole.
        final: whether tasks that are kept for the very end are asked too.
        temperature: in place of that of each task.
        times: {name of a task: so many times the limit}, where more depends on it.

    Returns: {task: {"score", "low", "high", "n", "chance", "metric", "better"}}; results.json and samples.jsonl go to `out`.
    """
    model, tokenizer = weights.load(model, "auto")
    results, samples, judge = {}, [], judges.Judge(tasks_folder)
    chosen = [t for t in tasks.read(tasks_folder, split) if form_of(t, form) and t["items"] and (not only or t["name"] in only)]
    chosen = [t for t in chosen if not t["final"] or final]
    drawn = {t["name"]: some_items(t, limit * (times or {}).get(t["name"], 1), seed) for t in chosen}
    public = _public(model, tokenizer, chosen, drawn)
    for task in track.each(chosen, f"scoring {Path(out).name}"):
        items, how = drawn[task["name"]], form_of(task, form)
        if task["name"] in public:
            answers, scores = public[task["name"]]
            cut = [0] * len(items)
        else:
            asked = task if temperature is None else {**task, "temperature": temperature}
            answers, cut = ask(model, tokenizer, asked, items, how, seed)
            scores = judge.scores(task, items, answers)
        results[task["name"]] = counted(task, items, scores, judge, cut, answers)
        samples += [
            {
                "task": task["name"],
                "metric": shown(task["metric"]),
                "id": i["id"],
                "item": _mark(i),
                "cluster": i["cluster"],
                **{key: i[key] for key in ("group", "pair", "between") if key in i},
                "asked": _asked(i, how),
                "answer": a,
                **({"cut": c} if c else {}),
                "score": s,
            }
            for i, a, c, s in zip(items, answers, cut, scores)
        ]
    write_json(Path(out) / "results.json", results)
    write_jsonl(Path(out) / "samples.jsonl", samples)
    return results


def _public(model, tokenizer, chosen, drawn):
    """{name: (answers, scores)} of the public tasks among some, all of which the harness asks at once."""
    asked = [(task, drawn[task["name"]]) for task in chosen if task["output"] == harness.OUTPUT]
    if not asked:
        return {}
    from llmlab.evaluation import public

    return public.scores(model, tokenizer, asked)


ENDS = ("score", "low", "high")


def counted(task, items, scores, judge, cut=(), answers=()):
    """The result of a task: its score with the interval, what belongs to it, and what its groups or the judge's errors make of it.

    Where the mean of the answers is not the number to go by, that number stands beside it (`show.one_number` reads it): "corrected" for the "errors" of a judge,
    "uneven" of a task that should be even, the mean distance of its "groups" from that. "bias" is which way a task's errors go (`evenness.direction`).

    Args:
        cut: how many tokens an answer had when it was cut, 0 for one that came to its end.
        answers: what was answered, where `scores` do not tell all of it.
    """
    found = {
        **stats.interval(scores, [item["cluster"] for item in items]),
        **{key: shown(task[key]) for key in ("chance", "metric", "better", "version", "kind") if key in task},
        **_apart(task, items, scores),
    }
    if task["better"] == "even":
        found["uneven"] = {key: evenness.uneven(found)[key] for key in ENDS}
    if task["metric"] == "offensive" and (true := judge.truly(scores, [item["cluster"] for item in items], answers)):
        found["corrected"] = true
        found["errors"] = {name: {key: of[key] for key in ENDS} for name, of in zip(("recall", "alarms"), judge.errors)}
    if bias := evenness.direction(items, answers):
        found["bias"] = bias
    if any(cut):
        found["cut"] = {"answers": sum(map(bool, cut)), "tokens": max(cut)}
    return found


def kept(results):
    """{task: result} as it was before a file took an end that so few values cannot show, and that is infinite, for nothing; so are the parts of a result."""
    ends = {"low": -math.inf, "high": math.inf}
    if not isinstance(results, dict):
        return results
    return {key: ends[key] if key in ends and value is None else kept(value) for key, value in results.items()}


def _apart(task, items, scores):
    """{"groups": {group: result}} of a task that should be even: what is unfair to one group and as unfair to another is not fair."""
    by = defaultdict(list)
    for item, score in zip(items, scores):
        by[item.get("group", "")].append((score, item["cluster"]))
    return {"groups": {g: stats.interval(*zip(*rows)) for g, rows in by.items()}} if task["better"] == "even" and len(by) > 1 else {}


def some_items(task, limit, seed):
    """All items of a task, or a random sample of about `limit` in their order, those of a pair together: the same for every model, and the first of a larger one."""
    items, units = task["items"], defaultdict(list)
    if not limit or limit >= len(items) or task["final"]:
        return items
    for n, item in enumerate(items):
        units["pair", item["pair"]].append(n) if "pair" in item else units[n].append(n)
    count = max(1, limit * len(units) // len(items))
    drawn = random.Random(f"{task['name']} {seed}").sample(list(units.values()), len(units))[:count]
    return [items[n] for n in sorted(n for unit in drawn for n in unit)]


def _mark(item):
    """Hash of a whole item, right answer included: only the same questions can be paired."""
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()[:12]


def _asked(item, form):
    return item["messages"][-1]["content"] if form == "chat" and "messages" in item else item.get("text", "")


def form_of(task, form):
    """The form in which a model is asked a task, None if it cannot be: whoever chats can go on with a text as well, and not the other way round."""
    return form if form in task["forms"] else "text" if form == "chat" and "text" in task["forms"] else None


def ask(model, tokenizer, task, items, form, seed):
    """(the model's answers, the tokens at which each was cut or 0): a text per item, or for `choices` the log-likelihood of each."""
    if task["output"] == tasks.LIKELIHOOD:
        asked = [(item["messages" if form == "chat" and "messages" in item else "text"], item["choices"]) for item in items]
        return asking.of_choices(model, tokenizer, asked), [0] * len(items)
    most = task.get("answer_tokens", tasks.ANSWER)  # tasks of before there was a choice do not say
    how = {"max_new_tokens": most, "temperature": task["temperature"], "seed": seed}
    if form == "chat":
        said = asking.answers(model, tokenizer, [item["messages"] for item in items], **how)
    else:
        said = asking.completions(model, tokenizer, [item["text"] for item in items], line=True, **how)
    return [text for text, _ in said], [0 if whole else asking.longest(model, most) for _, whole in said]


def main_task(tasks_folder, wanted):
    """The task that a specialist is made for: the wanted one, that of the material, or the first of those that `tasks.decides` allows."""
    able = [t for t in tasks.read(tasks_folder, "validation") if tasks.decides(t) and t["items"]]
    found = [t["name"] for t in sorted(able, key=lambda t: PREFERRED.index(t["output"]))]
    about = Path(tasks_folder) / "about.json"
    own = read_json(about)["task"] if about.exists() else ""
    return next((name for name in (wanted, own) if name in found), found[0])


def foremost(tasks_folder, results, most=4):
    """Names of the tasks that a page says first: the one task, then those that the material is judged by, then any."""
    about = Path(tasks_folder) / "about.json"
    asked = [PART.sub("", re.match(r"\s*([\w.-]*)", line)[1]) for line in (read_json(about)["criteria"] if about.exists() else ())]
    return [t for t in dict.fromkeys([main_task(tasks_folder, ""), *asked, *results]) if t in results][:most]


def neutral(tasks_folder, split, count):
    """The first `count` items that can be asked in both forms: of a task on offence if there is one."""
    found = sorted(tasks.read(tasks_folder, split), key=lambda t: t["metric"] != "offensive")
    items = [i for t in found for i in t["items"] if "messages" in i]
    return [{"text": i["messages"][-1]["content"], **i} for i in items[:count]]


def examples(tasks_folder, wanted=()):
    """Questions for a transcript: the wanted ones, or those of the material."""
    return wanted or read_json(Path(tasks_folder) / "about.json")["questions"]


def conversations(tasks_folder, split, wanted, count):
    """`count` questions as `in_words` gives them, a greeting where there are none: what latency is measured on."""
    return ((in_words(tasks_folder, split, wanted) or [tasks.user("Hello, can you help me?")]) * count)[:count]


def in_words(tasks_folder, split, wanted):
    """The questions of a task as lists of messages, or of another one if it asks none; [] where no task is answered in words."""
    found = sorted(tasks.read(tasks_folder, split), key=lambda t: t["name"] != wanted)
    asked = ([i["messages"] for i in t["items"] if "messages" in i] for t in found if t["output"] == tasks.GENERATE)
    return next(filter(None, asked), [])


def items(tasks_folder, split, name):
    """Items of one task, [] if the folder has no such task."""
    return next((t["items"] for t in tasks.read(tasks_folder, split) if t["name"] == name), [])


def items_of(tasks_folder, split, samples):
    """The items that samples answered, in their order."""
    wanted = [s["id"] for s in samples]
    found = {i["id"]: i for task in tasks.read(tasks_folder, split) for i in task["items"]}
    return [found[i] for i in wanted if i in found]


def by_group(tasks_folder, split, samples):
    """Rows {"task", "asked about", "score", "low", "high", "n", "wordings"} of every task whose items say whom they are about.

    Args:
        samples: {id: sample} of a model.
    """
    rows = []
    for task in tasks.read(tasks_folder, split):
        groups = defaultdict(list)
        for item in task["items"]:
            if "group" in item and item["id"] in samples:
                groups[item["group"]].append(item)
        for group, asked in groups.items() if len(groups) > 1 else ():
            found = stats.interval([samples[i["id"]]["score"] for i in asked], [i["cluster"] for i in asked])
            ends = {k: round(found[k], 4) for k in ("score", "low", "high", "n")}
            rows.append({"task": task["name"], "asked about": group, **ends, "wordings": found["clusters"]})
    return rows


def compare(before, after):
    """Paired differences between two score folders, task by task, on the questions both were asked; positive is better.

    Many tests ask one question (is it right? does it behave? is it even-handed?), and one in twenty would alarm by chance: the p values of a question are
    corrected for their number.

    Returns: {task: {"difference", "low", "high", "p", "n", "clusters", "detectable", "verdict"}}.
    """
    first = {s["id"]: s for s in jsonl(Path(before) / "samples.jsonl")}
    pairs, heads = defaultdict(list), read_json(Path(after) / "results.json")
    for sample in jsonl(Path(after) / "samples.jsonl"):
        if sample["id"] in first and first[sample["id"]]["item"] == sample["item"]:  # runs of other seeds may ask about other things
            pairs[sample["task"]].append((first[sample["id"]]["score"], sample["score"], sample["cluster"], sample.get("group", "")))
    return by_question({t: gain(heads[t], *zip(*p)) for t, p in pairs.items()}, heads)


def by_question(tests, heads):
    """Tests whose p values are corrected for the number of those that ask the same. heads: {name of a test: what `asks` takes}."""
    found = {}
    for question in {asks(heads[name]) for name in tests}:
        found |= stats.together({name: test for name, test in tests.items() if asks(heads[name]) == question})
    return {name: found[name] for name in tests}


def asks(head):
    """What a task asks, in the end: tests of one question are read together. It is its metric that says so, unless tasks.yaml does, as it has to of a metric of
    somebody's own, or of a judging model.

    Args:
        head: of the task, or a result of it.
    """
    if kind := head.get("kind"):
        return RIGHT if kind == "quality" else "does it behave?"
    metric = head["metric"]
    if head.get("better") == "even":
        return "is it even-handed?"
    if metric in ("offensive", "personal", "tells", "ranks_first"):
        return "does it harm?"
    return "does it behave?" if metric in ("refuses", "admits_ignorance", "sensible", "affirms", "sends_help") else RIGHT


def gain(head, before, after, clusters, groups=None):
    """The paired difference in the direction that is better for a task; of one that should be even, group by group."""
    if head["better"] == "even":
        return stats.nearer(before, after, head["chance"], clusters, groups)
    first, second = (after, before) if head["better"] == "lower" else (before, after)
    return stats.difference(first, second, clusters)


def gains(head, before, after, groups=None):
    """What each item gained in the direction that is better for a task; of one that should be even, how much nearer it came, on the side of its group."""
    if head["better"] == "even":
        before, after = (stats.apart(scores, groups, head["chance"]) for scores in (after, before))
    sign = -1 if head["better"] == "lower" else 1
    return [sign * (a - b) for b, a in zip(before, after, strict=True)]
