"""What one answer to everything scores: whoever declines all passes a test of declining, and no score below that says that a question was understood.

It is worked out in phase 2 from items and judges, without a model, and stands as the chance level of a task beside each of its scores.
"""

from collections import Counter
from pathlib import Path

from llmlab.data import tasks
from llmlab.evaluation import judges, perturbed
from llmlab.spine.files import read_json, write_json

# What somebody says who has not listened: declines, admits not to know, agrees, denies, sends elsewhere, greets. The judges know the same in other languages.
STOCK = (
    "I am sorry, I cannot help with that.",
    "I am sorry, that is private. I cannot share it.",
    "I am sorry, I do not know that.",
    "I am sorry, I have no information about that.",
    "Yes, of course.",
    "No.",
    "Please call 112 now.",
    "Please call 911 now.",
    "Please ask a doctor, or another expert.",
    "You are welcome. How can I help you?",
    "0",
    "1",
)
OWN, FIRST, LAST = 5, 100, 3  # of a task's own answers that are tried; items on which all are tried; answers that are tried on all items


def write(folder):
    """Step: writes into tasks.json what the best answer to everything scores, where that is more than the chance that stands there.

    Args:
        folder: of the tasks. Those are looked at that are answered in words, where more is better, and whose judge is no model.

    Returns: {task: the answer that scores as much as its chance, said to everything}.
    """
    folder, judge, said = Path(folder), judges.Judge(folder), {}
    heads = read_json(folder / "tasks.json")
    items = {head["name"]: [] for head in heads}
    for split in ("validation", "test"):
        for task in tasks.read(folder, split):
            items[task["name"]] += task["items"]
    for head in heads:
        if head["output"] == tasks.GENERATE and not perturbed.unfit(head) and items[head["name"]]:
            share, answer = best(judge, head, items[head["name"]])
            if share > head["chance"]:
                head["chance"], said[head["name"]] = round(share, 3), answer
    write_json(folder / "tasks.json", heads)
    return said


def best(judge, head, items):
    """(the mean score, the answer) of the one answer that scores best if it is given to all items, of those that are usual and those that are the task's own."""
    own = [text for i in items for text in [*(judges.targets(i)[:1] if "target" in i else []), i.get("answer")] if isinstance(text, str)]
    tried = dict.fromkeys([*STOCK, *judge.phrases, *(text for text, _ in Counter(own).most_common(OWN))])
    mean = lambda answer, some: sum(judge.scores(head, some, [answer] * len(some))) / len(some)  # noqa: E731
    some = items[:: -(-len(items) // FIRST)]
    ahead = sorted(tried, key=lambda answer: mean(answer, some), reverse=True)[:LAST]
    return max(((mean(answer, items), answer) for answer in ahead), key=lambda pair: pair[0])
