"""Near misses: to a conversation that nobody judged, an answer that is wrong in what it says alone: the same sentence with another value.

It is what another question is answered, of those that are most similar or whose answers are, found by BM25 (Robertson et al. 1994): hard negatives, as models that
search are taught with (Karpukhin et al. 2020). Whether an answer is right nobody knows here but its words: one that tells what the right one tells is no miss, and
neither is one of two set phrases, which may both do; one of another form would be a mistake of kind, which nobody makes, so it is none either.
"""

import difflib
import itertools
import random
import re
from collections import Counter, defaultdict

import numpy

from llmlab.data import dialogue, lookup
from llmlab.spine import track
from llmlab.spine.texts import words_of

NEAREST = 24  # conversations that are looked at, by their questions and by their answers
TRIED = 8  # of them, those whose answers are most alike
FORM = 0.5  # of the words of an answer, numbers and names that both questions hold aside, more are those of its miss
TWINS = 0.55  # of them where both are set phrases: what differs in so little differs in a value, and is not the same in other words
SHORT = 3  # words of an answer that has no form, such as a label
COMMON = 0.05  # of all answers hold a word that tells nothing by itself
LONG = 64  # words of a question that it is looked for by
FEW = 20  # near misses, below which answers to any other question are taken too
PATIENCE = 1000  # conversations that are tried at least
SELDOM = 0.05  # of them, where fewer have a near miss, as free answers hardly ever do, the search ends
SET = 3  # times that an answer is given before it is a set phrase
LABELS = 0.1  # of all answers at most are different ones where they are labels, and no set phrases


def pairs(rows, seed, count=3000, certain=False):
    """Pairs for conversations: the true last answer is preferred to a near miss; where there are hardly any, to the answer of another conversation on the same
    topic, or, where all answers to a topic are one, on any.

    Args:
        certain: whether the answer to another question is wrong whatever its words are, as of lessons that were made of a text; the most similar question's will do.

    Returns: rows {"prompt", "chosen", "rejected", "flaw": "answers a similar question" or "answers something else", "annotators": "nobody"}.
    """
    order, find = random.Random(f"pairs {seed}").sample(range(len(rows)), len(rows)), Finder(rows)
    found = []
    for tried, n in enumerate(track.each(order, "near misses")):
        if len(found) == count or (tried >= PATIENCE and len(found) < SELDOM * tried):
            break
        other = find.near(n) if dialogue.taught(rows[n]["messages"][-1]) else None
        if other is None and certain:
            other = find.similar(n)
        if other is not None:
            found.append(_pair(rows[n], other, "answers a similar question"))
    return found if len(found) >= min(FEW, count) else found + _others(rows, seed, count - len(found), {id(p["chosen"][0]) for p in found})


def _pair(row, text, flaw):
    *prompt, right = row["messages"]
    return {"prompt": prompt, "chosen": [right], "rejected": [{"role": "assistant", "content": text}], "flaw": flaw, "annotators": "nobody"}


class Finder:
    """What similar questions are answered, and what is answered similarly.

    Args:
        rows: conversations with `messages`, which end with an answer.
    """

    def __init__(self, rows):
        self.answers, self.topics = [row["messages"][-1]["content"] for row in rows], [row.get("topic") for row in rows]
        self.asked = [_telling(" ".join(m["content"] for m in row["messages"] if m["role"] == "user")) for row in rows]
        self.said = [_telling(answer) for answer in self.answers]
        self.shelves = [(words, _index(words)) for words in (self.asked, self.said)]
        held = Counter(word for words in self.said for word in words)
        echoed = Counter(word for asked, said in zip(self.asked, self.said) for word in asked & said)
        self.common = {word for word, n in held.items() if n > max(SET, COMMON * len(rows)) and not _has_number(word)}
        self.names = {word for word, n in echoed.items() if 2 * n >= held[word]}  # of what is asked about: a value stands in answers alone
        labels = len(set(self.answers)) <= LABELS * len(rows)
        self.fixed, self.filled = (set(), set()) if labels else self._set_phrases()

    def _set_phrases(self):
        """(Answers that are set phrases, numbers of the rows whose answers are set phrases but for names): the same words to several questions."""
        fillings, shapes = defaultdict(set), []
        for answer, asked in zip(self.answers, self.asked):
            words = words_of(answer)
            shapes.append(" ".join("_" if word in self.names else word for word in words))
            fillings[shapes[-1]].add(" ".join(word for word in words if word in self.names) or " ".join(sorted(asked)))
        often = {n for n, shape in enumerate(shapes) if len(fillings[shape]) >= SET and not _has_number(shape)}
        return {self.answers[n] for n in often if "_" not in shapes[n]}, {n for n in often if "_" in shapes[n]}

    def near(self, n):
        """The answer of another conversation that has the form of that of row n and tells something else; None if there is none."""
        others = {m for words, index in self.shelves for m in itertools.islice(self._nearest(n, words[n], index), NEAREST)}
        alike_in = {m: len(self.said[n] & self.said[m]) / max(1, len(self.said[n] | self.said[m])) for m in others}
        best = sorted(others, key=lambda m: (-alike_in[m], m))[:TRIED]
        return max(filter(None, (self._miss(n, m) for m in best)), default=(0, None))[1]

    def similar(self, n):
        """What the most similar question on the same topic is answered, of those answers that have less than half of the words; None if there is none."""
        words, index = self.shelves[0]
        able = (m for m in self._nearest(n, words[n], index) if self.topics[m] == self.topics[n])
        return next((self.answers[m] for m in able if 2 * len(self.said[n] & self.said[m]) < max(1, len(self.said[n]))), None)

    def _nearest(self, n, words, index):
        """Numbers of rows that are like row n, the most similar first, but for those that tell the same numbers or are answered by the same text."""
        query, own = sorted(words)[:LONG], set(filter(_has_number, self.said[n]))
        scores = index.get_scores(query) if query else numpy.zeros(0)
        for m in map(int, numpy.argsort(-scores, kind="stable")):
            if scores[m] <= 0:
                return
            if self.answers[m] != self.answers[n] and not (own and own <= self.said[m]):
                yield m

    def _miss(self, n, m):
        """(how like it is in form, what row m answers, said of what row n asks about); None if it may be right, is of another form, or asks the same."""
        right, mine, theirs = self.answers[n], self.asked[n], self.asked[m]
        form = {word for word in self.said[n] - (mine & theirs - self.common) if not _has_number(word)}
        if len(self.said[n]) > SHORT and len(form & (self.said[m] | mine & self.names)) <= FORM * len(form):
            return None  # whichever names are exchanged, it is of another form: as free answers are, and this is soon known
        told = said_of(right, self.answers[m], (mine - theirs) & self.names, (theirs - mine) & self.names)
        form, enough = alike(right, told, mine & theirs - self.common), TWINS if {n, m} <= self.filled else FORM
        able = mine != theirs and not {right, self.answers[m]} <= self.fixed and form > enough
        return (form, told) if able and tells_else(right, told, mine & self.names | self.common) else None


def _index(rows):
    import bm25s

    index = bm25s.BM25()
    if any(rows):
        index.index([sorted(words) for words in rows], show_progress=False)
    return index


def _telling(text):
    return set(words_of(text)) - lookup.function_words()


def _has_number(word):
    return re.search(r"\d", word) is not None


def alike(right, other, asked=frozenset()):
    """How much of the form of an answer another has, from 0 to 1: of its words but numbers and those of `asked`, names that both questions hold. What says hardly
    more than a label is like any other such."""
    a, b = ({word for word in _telling(text) - asked if not _has_number(word)} for text in (right, other))
    numbers = [any(map(_has_number, words_of(text))) for text in (right, other)]
    if numbers[0] != numbers[1]:
        return 0.0
    if max(len(words_of(text)) for text in (right, other)) <= SHORT:
        return float(not numbers[0] or a == b)
    return len(a & b) / max(1, len(a))


def said_of(right, other, mine, theirs):
    """An answer with the names of its own question changed for those of another, word by word, where the two answers differ in nothing else at that place.

    Args:
        right: the answer to the question with the words `mine`; other: that to the one with `theirs`.
    """
    before, after, said = (*(re.findall(r"\S+|\s+", text) for text in (right, other)), [])
    is_name = lambda part, names: len(part) == 1 and bool(words := set(words_of(part[0]))) and words <= names  # noqa: E731
    for _, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        said += before[i:j] if is_name(before[i:j], mine) and is_name(after[k:m], theirs) else after[k:m]
    return "".join(said)


def tells_else(right, other, asked):
    """Whether an answer tells something else than the right one: other numbers and codes where the right one tells some, else none of its words that tell something.
    Where one of them tells nothing by such words, whether they have no word in common.

    Args:
        asked: names that the question says too, and words that tell nothing.
    """
    a, b = (_telling(text) - asked for text in (right, other))
    values = [set(filter(_has_number, words)) for words in (a, b)]
    if values[0]:
        return not values[0] <= values[1]
    if not a or not b:
        return not set(words_of(right)) & set(words_of(other))
    return not a & b


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
