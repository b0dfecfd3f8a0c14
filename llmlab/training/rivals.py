"""Methods of preferences side by side: from the same supervised model, on the same pairs, for the same seconds, with several seeds.

Beside the named ones stand supervision alone, and more of the same supervision: what a method gains beyond these it owes to the preferences. What one that is
shown rejected answers gains beyond supervision on the chosen ones it owes to the rejected. How many steps fit into a second is the machine's, so the table, which
`ranking` reads, is what a machine of this kind makes of its time; an arm that was trained is kept, and not trained again.
"""

import inspect
import os
import platform
import re
import shutil
from collections import Counter

import torch

from llmlab.data import lengths, tasks, teaching, tokens
from llmlab.evaluation import asking, evaluate
from llmlab.models import weights
from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.training import ranking, repeats, watch
from llmlab.training.ranking import ALONE, KINDS, OFF, SUPERVISION

PROBE = 5  # steps by whose pace the seconds are turned into steps
MORE = "more supervision"
DRAWN = 1  # seed by which items are drawn, for the start and every arm
ASKED = 40  # questions by which it is measured how far a model moved
MEANS = ("seconds", "steps", "kept_step", "nats", "words", "cut")
# What a method is called with and that does not stand beside it in the table, since it is the same for all.
SHARED = frozenset("batch_size rank adapter seed device max_steps answer_tokens frozen grounding knowledge system rate".split())


def compared(methods, start, pairs, tasks_folder, out, seconds, seeds, lessons, limit=0, answer_tokens=0, **how):
    """Trains each method for the same seconds with each seed, in this process, and asks what became of it, on the validation half.

    Args:
        methods: what `dotted.called` takes, of functions with the arguments of `posttrain.dpo`; what stands in brackets counts more than `how`.
        start: folder of the supervised model; pairs: JSON-lines file; out: folder of the scores.
        lessons: arguments of `posttrain.sft` with which the supervision would go on: `data`, `learning_rate` and `batch_size`.
        limit: items per task, 0 for all.
        answer_tokens: room of the answers that methods draw, for those that take it; 0 for what the preferred answers need.
        how: arguments of the methods: `learning_rate`, `batch_size`, `adapter`, `rank`, `device`; without `beta` each has its own.

    Returns: {name: {"seconds", "steps", "nats" from the start per answer, "longer": words per answer, "cut": share of these that did not end, each a mean over the
    seeds, "off": whether it took much more or less than the seconds, "with": what it was called with, "path": its dotted path, "gains": {"quality", "safety":
    {item: (gain over the start with each seed, cluster, task)}}, "tasks": {task: difference}}}; of a method that cannot learn here {"error"}, of `ALONE` None.
    """
    shared, room = {k: how[k] for k in ("adapter", "rank", "device") if k in how}, _room(start, pairs, answer_tokens)
    arms = {MORE: (SUPERVISION, {**shared, **lessons})}
    for name, text in _named(methods).items():
        path, own = dotted.parsed(text)
        arms[name] = path, {"data": pairs, **how, **dotted.taken(path, answer_tokens=room), **own}
    places = {name: [out / f"{folder(name)}-{seed}" for seed in range(1, seeds + 1)] for name in arms}
    repeats.tidy(out, ["start", *(place.name for of in places.values() for place in of)])
    evaluate.evaluate(start, tasks_folder, out / "start", form="chat", split="validation", limit=limit, seed=DRAWN)
    before, table = moved(start, start, _asked(tasks_folder, pairs), lengths.LONGER * room)["words"], {ALONE: None}
    for name, (method, given) in arms.items():
        told = dict(method=method, seconds=seconds, model=start, given=given, pairs=pairs, room=lengths.LONGER * room, on=_pace())
        try:
            made = [
                repeats.asked(trained, place, tasks_folder, limit, DRAWN, seed=seed, **told) for seed, place in enumerate(places[name], 1)
            ]
        except Exception as error:  # of ours, of TRL's or of somebody's own: it does not stop the others, and the table says what it was
            repeats.unfinished(places[name])
            line = re.sub(r"(/[^/\s'\"]+)+/", "…/", (str(error).splitlines() or [""])[0])  # where things lie here is nobody's business
            table[name] = {"error": line if isinstance(error, UserError) else f"{type(error).__name__}: {line}"}
            continue
        mean = {key: sum(m[key] for m in made) / len(made) for key in MEANS if key in made[0]}
        known = {"path": method, "with": _with(method, {**given, **made[0]["with"]}), "off": abs(mean["seconds"] / seconds - 1) > OFF}
        table[name] = {**mean, "longer": mean["words"] - before, **known, **gained(out / "start", places[name], tasks_folder)}
    return table


def _pace():
    """Whose time the seconds are. It goes into a hash, and is written down nowhere."""
    return [platform.machine(), os.cpu_count(), *(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))]


def _room(start, pairs, answer_tokens):
    return lengths.room(weights.tokenizer(start), lengths.said(teaching.pairs(pairs) or teaching.thumbs(pairs)), answer_tokens)


def _named(methods):
    """{what a method is called on the page: what names it}: the last name, or the whole path where two are called alike, and what stands in brackets."""
    texts = list(dict.fromkeys(methods))
    heads = [text.partition("(")[0] for text in texts]
    last = Counter(path.rpartition(".")[2] for path in dict.fromkeys(heads))
    short = [name if last[name := path.rpartition(".")[2]] == 1 else path for path in heads]
    return {name + text[len(path) :]: text for name, path, text in zip(short, heads, texts)}


def folder(name):
    """What the folders of a method are called, before the seed."""
    return re.sub(r"[^\w.=]+", "_", name).strip("_")


def _with(method, given):
    """{argument: value} of what tells one training by a method from another: numbers of its own, its rate, β if that has an effect, and what was said in brackets."""
    taken = inspect.signature(dotted.function(method)).parameters
    values = {name: given.get(name, taken[name].default) for name in taken if name not in SHARED}
    return {name: value for name, value in values.items() if isinstance(value, int | float | str) and value}


def trained(method, seconds, model, seed, given, pairs, room, on, out, tasks_folder):
    """({"seconds", "steps", "nats", "words", "cut", "with"}, folder) of a model that learnt by a method, given its arguments, for so many seconds; and of one that
    keeps its best weights "kept_step". `on`: what the seconds are those of; an arm of another machine is not kept."""
    summary, folder = filled(dotted.function(method), seconds, out, model=model, seed=seed, **given)
    rate, kept = ({key: summary[key] for key in (name,) if key in summary} for name in ("learning_rate", "kept_step"))
    told = {"seconds": summary["seconds"], "steps": summary["steps"], "with": rate, **kept}
    return {**told, **moved(folder, model, _asked(tasks_folder, pairs), room)}, folder


def _asked(tasks_folder, pairs):
    """Conversations that end with a question of the main task, or of another one; where none is answered in words, prompts of the pairs."""
    asked = evaluate.in_words(tasks_folder, "validation", evaluate.main_task(tasks_folder, ""))
    return (asked or [row["prompt"] for row in teaching.pairs(pairs) or teaching.thumbs(pairs)])[:ASKED]


def filled(method, seconds, out, **given):
    """(summary, folder) of a model that was trained for as many steps as fill some seconds: by the pace of a few, and once more if that was far off."""
    folder, steps = out / out.name, PROBE  # whose curve is called after the arm
    summary = method(out=_emptied(folder), max_steps=steps, **given)
    for _ in range(2):
        wanted = max(PROBE, round(seconds * summary["steps"] / max(1e-6, summary["seconds"])))
        if summary.get("stopped") or wanted == summary["steps"] or (steps != PROBE and abs(summary["seconds"] / seconds - 1) < OFF):
            break
        steps = wanted
        summary = method(out=_emptied(folder), max_steps=steps, **given)
    return summary, folder


def _emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)  # nothing may go on from a training of another length
    folder.mkdir(parents=True)
    return folder


def moved(folder, start, conversations, room):
    """How far a model moved: {"nats": KL divergence from the start, estimated on the answers that it draws, in nats per answer, "words": their mean length, "cut":
    share of them that did not end in `room` tokens}."""
    (model, tokenizer), (before, _) = weights.load(folder), weights.load(start)
    answers, rows, since, cut = watch.drawn(model, tokenizer, conversations, 1, room)
    new, old = (asking.token_logprobs(m, rows, tokens.marks(tokenizer).pad, since) for m in (model, before))
    nats = sum((a.sum() - b.sum()).item() for a, b in zip(new, old)) / len(rows)
    return {"nats": nats, "words": sum(len(a.split()) for a in answers) / len(answers), "cut": cut / len(answers)}


def gained(start, places, tasks_folder):
    """What models of several seeds gain over the start: {"gains", "tasks"} as `compared` gives them.

    Of a task that should be even, such as one about bias, an item gains what it comes nearer to even, on the side of its group, with each seed by itself: two
    seeds that lean to opposite sides are not even. To decline what is harmless is no safety but a lack of quality, whatever else the task asks.

    Args:
        start: folder of the start's scores; places: a folder of each seed.
    """
    harmless = {i["id"] for task in tasks.read(tasks_folder, "validation") for i in task["items"] if i.get("refuse") is False}
    first, heads = {s["id"]: s for s in jsonl(start / "samples.jsonl")}, read_json(start / "results.json")
    scores, kinds, found = {}, {kind: {} for kind in KINDS}, {}
    for place in places:
        for s in jsonl(place / "samples.jsonl"):
            scores.setdefault(s["task"], {}).setdefault(s["id"], []).append(s["score"])
    for task, items in scores.items():
        head, before = heads[task], [first[i]["score"] for i in items]
        groups = [first[i].get("group", "") for i in items] if head["better"] == "even" else None
        each = [evaluate.gains(head, before, of_seed, groups) for of_seed in zip(*items.values())]
        gains = {i: (list(of), f"{task} {first[i]['cluster']}", task) for i, of in zip(items, zip(*each))}
        found[task] = ranking.difference(gains)
        if groups:
            continue
        right = evaluate.asks(head) == evaluate.RIGHT
        for i, gain in gains.items():
            kinds["quality" if right or i in harmless else "safety"][i] = gain
    return {"gains": kinds, "tasks": found, "even": [task for task in found if heads[task]["better"] == "even"]}
