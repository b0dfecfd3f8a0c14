"""Is a score worth quoting? What the same answers score when they are given to other questions, and what one answer scores that is given to all.

A task that is passed without its question says nothing of whether it was understood: declining everything passes a test of declining, and is caught
only by its counterpart. Of answers in words nothing is asked again; the choices of a question are weighed once more behind another question. Where all items ask the same, as pairs of
sentences do that stand behind nothing, there is no other question, and nothing is said.
"""

import random
from collections import Counter, defaultdict

from llmlab.data import tasks
from llmlab.evaluation import evaluate, judges, stats

CONSTANT = 5  # answers that are tried as the one for all questions: the most frequent ones
ROUNDS = 5  # times that the answers are exchanged
AS_WELL = 0.1  # what the right question gains, if it is shown to be smaller than this, is nothing
ALIKE = "not checked: nothing stands before its choices that could be exchanged"


def controls(samples, tasks_folder, split, seed=0, model=None):
    """Rows {"task", "score", "exchanged", "constant", "chance", "says"} of the tasks that are answered in words, or by choices, and where more is better.

    Args:
        samples: of one model, as `evaluate` writes them; tasks_folder, split: what it was asked.
        model: (model, tokenizer), for the questions with choices; without it they are left out.

    "exchanged" gives each question the answers to others of its task, and its choices another question; "constant" the answer that does best of the most frequent five; "says" is what
    paired differences to them show, corrected for the number of tasks (Holm 1979).
    """
    judge, by, found = judges.Judge(tasks_folder), defaultdict(dict), {}
    for sample in samples:
        by[sample["task"]][sample["id"]] = sample
    for head in tasks.read(tasks_folder, split):
        asked = [(item, by[head["name"]][item["id"]]) for item in head["items"] if item["id"] in by[head["name"]]]
        if able(head) and len(asked) > 3:
            found[head["name"]] = _controlled(judge, head, *zip(*asked), seed)
        elif model and head["metric"] == "choice" and head["output"] == tasks.LIKELIHOOD and len(asked) > 3:
            found[head["name"]] = _unasked(judge, head, *zip(*asked), seed, model)
    tested = {task: told for task, told in found.items() if "listened" in told}
    listened, better = (stats.together({task: told[key] for task, told in tested.items()}) for key in ("listened", "better"))
    says = {task: _says(listened[task], better[task]) if task in tested else ALIKE for task in found}
    return [{"task": task, **told["row"], "says": says[task]} for task, told in found.items()]


def able(head):
    """Whether a task has answers in words that can be judged again, and more is better in it."""
    return head["better"] == "higher" and head["output"] == tasks.GENERATE and not head["metric"].startswith("judge:")


def _controlled(judge, head, items, samples, seed):
    answers, scores, clusters = ([s[key] for s in samples] for key in ("answer", "score", "cluster"))
    rounds = [judge.scores(head, items, _exchanged(answers, seed + n)) for n in range(ROUNDS)]
    exchanged = [sum(each) / ROUNDS for each in zip(*rounds)]
    constant = max((judge.scores(head, items, [a] * len(items)) for a, _ in Counter(answers).most_common(CONSTANT)), key=sum)
    score, others, one = (sum(values) / len(values) for values in (scores, exchanged, constant))
    return {
        "row": {"score": score, "exchanged": others, "constant": one, "chance": head["chance"]},
        "listened": stats.difference(exchanged, scores, clusters),
        "better": stats.difference(constant, scores, clusters),
    }


def _unasked(judge, head, items, samples, seed, model):
    """The choices of every item behind another's question. One answer to everything is a guess, whose share is the chance."""
    key = "messages" if evaluate.form_of(head, "chat") == "chat" and "messages" in items[0] else "text"  # as an assistant is asked
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    scores, clusters = ([s[kind] for s in samples] for kind in ("score", "cluster"))
    if all(item[key] == items[0][key] for item in items):
        return {"row": {"score": mean(scores), "exchanged": None, "constant": None, "chance": head["chance"]}}
    others = [{**item, key: other} for item, other in zip(items, _exchanged([item[key] for item in items], seed))]
    answers, _ = evaluate.ask(*model, head, others, evaluate.form_of(head, "chat"), seed)
    exchanged = judge.scores(head, items, answers)
    return {
        "row": {"score": mean(scores), "exchanged": mean(exchanged), "constant": head["chance"], "chance": head["chance"]},
        "listened": stats.difference(exchanged, scores, clusters),
        "better": stats.difference([head["chance"]] * len(scores), scores, clusters),
    }


def _exchanged(answers, seed):
    """Each answer at another place, none at its own."""
    order = list(range(len(answers)))
    random.Random(seed).shuffle(order)
    after = dict(zip(order, order[1:] + order[:1]))
    return [answers[after[n]] for n in range(len(answers))]


def _says(listened, better):
    if listened["verdict"] != "better":
        as_well = listened["high"] < AS_WELL
        return (
            "not whether it was understood: answers to other questions do as well"
            if as_well
            else "too few to tell whether the question counts"
        )
    if better["verdict"] != "better":
        return "that the question counts; one answer to everything is not shown to do worse"
    return "that the question counts"
