"""A model that only counts: how often a token followed the few before it. What a neural one is worth begins where it predicts better than this."""

import math
from collections import Counter

from llmlab.data import tasks, tokens
from llmlab.evaluation import stats

ORDER = 4  # tokens that are counted together
MOST = 400_000  # tokens of training text that are counted; more would cost memory and change little


class Counts:
    """An n-gram model with Witten and Bell's smoothing (1991): where a context was followed by many different tokens, the shorter one has more of a say.

    Args:
        rows: tokenised documents; frame: Marks of their tokenizer; vocabulary: its number of tokens.
    """

    def __init__(self, rows, frame, vocabulary, order=ORDER, most=MOST):
        self.order, self.vocabulary, self.frame = order, vocabulary, frame
        self.joint, self.total, self.kinds, read = Counter(), Counter(), Counter(), 0
        for row in rows:
            if read >= most:
                break
            ids = self._framed(row)
            read += len(ids)
            for end in range(1, len(ids)):
                for start in range(max(0, end - order + 1), end + 1):
                    context, whole = tuple(ids[start:end]), tuple(ids[start : end + 1])
                    self.kinds[context] += whole not in self.joint
                    self.joint[whole] += 1
                    self.total[context] += 1

    def _framed(self, row):
        return [self.frame.start, *row["input_ids"], self.frame.end]

    def probability(self, context, token):
        """p(token | context), the longest context that was ever seen having the first word."""
        p = 1 / self.vocabulary
        for length in range(len(context) + 1):
            seen = tuple(context[len(context) - length :])
            if not (total := self.total[seen]):
                break
            kinds = self.kinds[seen]
            p = (self.joint[(*seen, token)] + kinds * p) / (total + kinds)
        return p

    def bits(self, ids, since=1):
        """Of a list of tokens, from position `since` on."""
        return -sum(math.log2(self.probability(ids[max(0, n - self.order + 1) : n], ids[n])) for n in range(since, len(ids)))

    def bits_per_byte(self, rows):
        """Of tokenised documents, their ends included, as `asking.bits_per_byte` counts them."""
        return sum(self.bits(self._framed(row)) for row in rows) / sum(row["bytes"] for row in rows)


FIVE = 5  # tokens that the reference for minimal pairs counts together, as BLiMP's does


def paired(head):
    """Whether a task is one of minimal pairs: two sentences, nothing before them, and one is right (BLiMP) or both ought to be as likely (CrowS-Pairs)."""
    alone = [len(item.get("choices", ())) == 2 and not item.get("text") and "messages" not in item for item in head["items"]]
    return head["output"] == tasks.LIKELIHOOD and bool(alone) and all(alone)


def references(tasks_folder, split, tokenizer, documents, results):
    """Rows {"task", "n", "the model", "a 5-gram of its training text"} of the tasks of minimal pairs; [] where there are none.

    Whoever counts five tokens of the same text knows no grammar beyond them; sentences that are as likely as one another are nobody's credit.

    Args:
        documents: of training; results: {task: result} of the model.
    """
    asked = [head for head in tasks.read(tasks_folder, split) if head["name"] in results and paired(head)]
    if not asked:
        return []
    frame = tokens.marks(tokenizer)
    counts = Counts(tokens.tokenise(tokenizer, documents), frame, len(tokenizer), FIVE)
    rows = []
    for head in asked:
        pairs = [[counts.bits([frame.start, *ids]) for ids in tokens.encode(tokenizer, item["choices"])] for item in head["items"]]
        first = [float(a < b) if a != b else 0.5 * (head["better"] == "even") for a, b in pairs]
        right = [f if item.get("right", 0) == 0 else float(b < a) for f, item, (a, b) in zip(first, head["items"], pairs)]
        rows.append({"task": head["name"], "the model": results[head["name"]], "a 5-gram of its training text": _counted(right, head)})
    return rows


def _counted(right, head):
    return {**stats.interval(right, [item["cluster"] for item in head["items"]]), "chance": head["chance"]}
