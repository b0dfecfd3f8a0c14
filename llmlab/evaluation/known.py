"""Questions of tasks whose right answer is known in words: the gold items of a sitting, and the story of one question from model to model."""

import difflib
import random

from llmlab.data import tasks, tokens
from llmlab.evaluation import asking, judges


def gold(tasks_folder, count=8, seed=0):
    """Questions whose better answer is known, to see whether somebody reads: the right answer of an item of the validation half against a wrong one, that of another
    item, or another choice; of five such the one that is least like it. [] where no task says in words what is right.

    They test the annotator, and no pair is learnt from them. Tasks that are kept for the very end are not among them.
    """
    rng, found = random.Random(seed), []
    for task in (t for t in tasks.read(tasks_folder, "validation") if not t["final"]):
        able = [(item, right) for item in task["items"] if "messages" in item and (right := tasks.right(task, item))]
        for item, right in rng.sample(able, min(len(able), count)):
            others = _others(item, able)
            if others:
                wrong = min(rng.sample(others, min(5, len(others))), key=lambda other: judges.f1(right, other))  # noqa: B023
                found.append({"prompt": item["messages"], "a": right, "b": wrong, "gold": "a", "why": "its answer is known"})
    return rng.sample(found, min(len(found), count))


def _others(item, able):
    """Answers that are wrong of an item: its other choices, or what is right of the other items and does not state what is right of it."""
    if {"choices", "right"} <= set(item):
        return [text for n, text in enumerate(item["choices"]) if n != item["right"]]
    return [other for _, other in able if not judges.states(item, other)]


def story(models, task):
    """One question, and what each model says to it and thinks of: rows {"model", "says", "right", "wrong"}, the last two in nats per token of an answer.

    Args:
        models: {name: (model, its tokenizer)}, all asked in the chat form.
        task: with its items, of which the first is asked whose right answer is known in words, and a wrong one: another choice, the same sentence with another
            value in its place, so that nothing but the fact tells the two apart, or what is right of another item; the one that is most like the right one.

    Returns: (the question's messages, the right answer, the wrong one, the rows), or None if there is no such item.
    """
    known = [(item, right) for item in task["items"] if "messages" in item and (right := tasks.right(task, item))]
    able = ((item, right, wrong) for item, right in known if (wrong := _near(item, right, [other for _, other in known])))
    if (found := next(able, None)) is None:
        return None
    item, right, wrong = found
    rows = []
    for name, (model, tokenizer) in models.items():
        nats = asking.loglikelihood(model, tokenizer, [(item["messages"], right), (item["messages"], wrong)])
        lengths = map(len, tokens.encode(tokenizer, [right, wrong]))
        rows.append(
            {"model": name, "says": asking.reply(model, tokenizer, [item["messages"]])[0]}
            | dict(zip(("right", "wrong"), (n / k for n, k in zip(nats, lengths))))
        )
    return item["messages"], right, wrong, rows


def _near(item, right, others):
    """The wrong answer of an item that is most like the right one, "" without any. others: what is right of all items."""
    first, values = item.get("target", ""), item.get("wrong")
    target = str(first[0] if isinstance(first, list) else first)
    if {"choices", "right"} <= set(item):
        wrong = [text.strip() for n, text in enumerate(item["choices"]) if n != item["right"]]
    elif isinstance(values, list) and values and target and target in right:
        near = max(map(str, values), key=lambda value: difflib.SequenceMatcher(None, value, target).ratio())
        wrong = [right.replace(target, near)]
    else:
        said = target.casefold() if target in right else right.casefold()
        wrong = [other for other in others if said not in other.casefold()]
    return max(wrong, key=lambda text: difflib.SequenceMatcher(None, text, right).ratio(), default="")
