"""A model that only counts: how often a token followed the few before it. What a neural one is worth begins where it predicts better than this."""

import math
from collections import Counter

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

    def bits_per_byte(self, rows):
        """Of tokenised documents, their ends included, as `asking.bits_per_byte` counts them."""
        bits = 0.0
        for row in rows:
            ids = self._framed(row)
            bits -= sum(math.log2(self.probability(ids[max(0, n - self.order + 1) : n], ids[n])) for n in range(1, len(ids)))
        return bits / sum(row["bytes"] for row in rows)
