"""Near misses: to a conversation that nobody judged, an answer that is wrong in what it says alone.

It is what the most similar other question is answered, found by BM25 (Robertson et al. 1994), which an information-retrieval model is taught with too (hard
negatives; Karpukhin et al. 2020): the same sentence with another value, where there is one. Whether an answer is right nobody knows here but its words: one that
tells what the right one tells is no miss, and neither is one of two set phrases, which may both do.
"""

import difflib
import random
import re
from collections import Counter

import numpy

from llmlab.data import dialogue, lookup
from llmlab.spine.texts import words_of

NEAREST = 24  # questions whose answers are looked at
LONG = 64  # words of a question that it is looked for by
FEW = 20  # near misses, below which answers to any other question are taken too
SET = 3  # times that an answer is given before it is a set phrase
LABELS = 0.1  # of all answers at most are different ones where they are labels, and no set phrases


def pairs(rows, seed, count=3000):
    """Pairs for conversations: the true last answer is preferred to a near miss; where there are hardly any, to the answer of another conversation on the same
    topic, or, where all answers to a topic are one, on any.

    Returns: rows {"prompt", "chosen", "rejected", "flaw": "answers a similar question" or "answers something else", "annotators": "nobody"}.
    """
    order, find = random.Random(f"pairs {seed}").sample(range(len(rows)), len(rows)), Finder(rows)
    found = []
    for n in order:
        if len(found) == count:
            break
        if dialogue.taught(rows[n]["messages"][-1]) and (other := find.near(n)) is not None:
            found.append(_pair(rows[n], other, "answers a similar question"))
    return found if len(found) >= min(FEW, count) else found + _others(rows, seed, count - len(found), {id(p["chosen"][0]) for p in found})


def _pair(row, text, flaw):
    *prompt, right = row["messages"]
    return {"prompt": prompt, "chosen": [right], "rejected": [{"role": "assistant", "content": text}], "flaw": flaw, "annotators": "nobody"}


class Finder:
    """What similar questions are answered.

    Args:
        rows: conversations with `messages`, which end with an answer.
    """

    def __init__(self, rows):
        import bm25s

        self.answers = [row["messages"][-1]["content"] for row in rows]
        self.asked = [words_of(" ".join(m["content"] for m in row["messages"] if m["role"] == "user")) for row in rows]
        self.telling = [set(words) - lookup.function_words() for words in self.asked]
        given = Counter(self.answers)
        self.phrases = {a for a, n in given.items() if n >= SET} if len(given) > LABELS * len(rows) else set()
        self.index = bm25s.BM25()
        self.able = any(self.telling)
        if self.able:
            self.index.index([sorted(words) for words in self.telling], show_progress=False)

    def near(self, n):
        """The answer to a question like that of row n which is most like its own and tells something else; None if there is none."""
        query = [word for word in dict.fromkeys(self.asked[n]) if word in self.telling[n]][:LONG]
        scores = self.index.get_scores(query) if query else numpy.zeros(0)
        best = numpy.argsort(-scores, kind="stable")[: NEAREST + 1]
        found = {m: told for m in map(int, best) if m != n and scores[m] > 0 and (told := self._miss(n, m))}
        return max(found.values(), key=lambda told: (_alike(self.answers[n], told), told), default=None)

    def _miss(self, n, m):
        """What row m answers, said of what row n asks about; None if it may be right, or asks the same."""
        right, other, mine, theirs = self.answers[n], self.answers[m], self.telling[n], self.telling[m]
        if mine == theirs or {right, other} <= self.phrases:
            return None
        told = said_of(right, other, mine - theirs, theirs - mine)
        return told if tells_else(right, told, mine | theirs) else None


def _alike(one, other):
    a, b = set(words_of(one)), set(words_of(other))
    return len(a & b) / max(1, len(a | b))


def said_of(right, other, mine, theirs):
    """An answer with the names of its own question changed for those of another, where the two answers differ in nothing else at that place.

    Args:
        right: the answer to the question with the words `mine`; other: that to the one with `theirs`.
    """
    before, after, said = (*(re.findall(r"\S+|\s+", text) for text in (right, other)), [])
    words = lambda part: set(words_of("".join(part))) - lookup.function_words()  # noqa: E731
    for _, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        names = words(before[i:j]), words(after[k:m])
        said += before[i:j] if all(names) and names[0] <= mine and names[1] <= theirs else after[k:m]
    return "".join(said)


def tells_else(right, other, asked):
    """Whether an answer tells something else than the right one: other numbers and codes where the right one tells some, else less than half of its words that no
    question holds. Where one of them tells nothing by such words, whether they have no word in common.

    Args:
        asked: words of the questions.
    """
    a, b = (set(words_of(text)) - asked - lookup.function_words() for text in (right, other))
    values = [{word for word in words if re.search(r"\d", word)} for words in (a, b)]
    if values[0]:
        return not values[0] <= values[1]
    if not a or not b:
        return not set(words_of(right)) & set(words_of(other))
    return bool(b - a) and len(a & b) < len(a) / 2


def _others(rows, seed, count, known):
    """Pairs of an answer and that of another conversation. known: identities of the answers that have a pair."""
    rng, answers, found = random.Random(f"others {seed}"), {}, []
    for row in rows:
        answers.setdefault(row.get("topic"), []).append(row["messages"][-1])
    alike = {topic for topic, said in answers.items() if len({a["content"] for a in said}) == 1}
    every = list({a["content"]: a for said in answers.values() for a in said}.values())
    for row in rng.sample(rows, len(rows)):
        right, other = row["messages"][-1], rng.choice(answers[row.get("topic")] if row.get("topic") not in alike else every)
        if dialogue.taught(right) and other["content"] != right["content"] and id(right) not in known and len(found) < count:
            found.append(_pair(row, other["content"], "answers something else"))
    return found
