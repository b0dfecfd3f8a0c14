"""Is a score worth quoting? What the same answers score when they are given to other questions, and what one answer scores that is given to all.

A task that is passed without its question says nothing of whether it was understood: declining everything passes a test of declining, and is caught
only by its counterpart. Nothing is asked again, so these controls cost no time.
"""

import random
from collections import Counter, defaultdict

from llmlab.evaluation import evaluate, judges, stats

CONSTANT = 5  # answers that are tried as the one for all questions: the most frequent ones


def controls(samples, results, tasks_folder, split, seed=0):
    """Rows {"task", "score", "exchanged", "constant", "chance", "says"} of the tasks that are answered in words and where more is better.

    Args:
        samples, results: of one model, as `evaluate` writes them; tasks_folder, split: what it was asked.

    "exchanged" gives each question the answer to another one of its task, "constant" the most frequent answer, as the best of five; "says" is what
    the paired difference to the exchanged answers shows.
    """
    judge, by, rows = judges.Judge(tasks_folder), defaultdict(list), []
    for sample in samples:
        by[sample["task"]].append(sample)
    for task, asked in by.items():
        head = results[task] | {"name": task}
        if head["better"] != "higher" or not isinstance(asked[0]["answer"], str) or _by_model(head["metric"]) or len(asked) < 4:
            continue
        items, answers = evaluate.items_of(tasks_folder, split, asked), [s["answer"] for s in asked]
        if len(items) != len(answers):
            continue
        exchanged = judge.scores(head, items, _exchanged(answers, seed))
        frequent = [a for a, _ in Counter(answers).most_common(CONSTANT)]
        constant = max(sum(judge.scores(head, items, [a] * len(items))) / len(items) for a in frequent)
        change = stats.difference(exchanged, [s["score"] for s in asked], [s["cluster"] for s in asked])
        rows.append(
            {
                "task": task,
                "score": head["score"],
                "exchanged": sum(exchanged) / len(exchanged),
                "constant": constant,
                "chance": head["chance"],
                "says": _says(change, head, constant),
            }
        )
    return rows


def _by_model(metric):
    """Whether another model judges, which would have to be asked again."""
    return metric.startswith("judge:")


def _exchanged(answers, seed):
    """Each answer at another place, none at its own."""
    order = list(range(len(answers)))
    random.Random(seed).shuffle(order)
    after = dict(zip(order, order[1:] + order[:1]))
    return [answers[after[n]] for n in range(len(answers))]


def _says(change, head, constant):
    if change["verdict"] != "better":
        return "not whether the question was understood: answers to other questions do as well"
    if constant >= head["low"]:
        return "little: one answer to everything does as well"
    return "that the question counts" + ("" if head["low"] > head["chance"] else ", but not that it beats a guesser")
