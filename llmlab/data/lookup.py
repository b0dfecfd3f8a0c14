"""Grounding: rows of a knowledge base beside the question, found by BM25 (Robertson et al. 1994) and read by the model with it.

A model that was taught so carries its rows in its folder (`knowledge.jsonl`) and their number in its config (`grounding`). Its tokenizer is equipped
with them when it is loaded, so that training, evaluation, chat and serving all show the model the same.
"""

import functools
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.texts import words_of

FILE = "knowledge.jsonl"
NAMED = 0.5  # a question is about a row if it says so much of the row's title, its words weighed by how rare they are
HINTED = NAMED / 2  # and about something new if it says so much of another title: "and the toaster?" after talk of a fan
NAME = 3  # a title of so many words at most is a name, and so is a longer one that is no sentence: a row that is not named is then about something else
ROUNDING = 1e-9  # sums of the same weights in another order


class Shelf:
    """The rows of a knowledge base, and how many of them stand beside a question.

    What a question costs goes with the rows that share a word with it, and not with all: each word knows its rows (an inverted index).

    Args:
        rows: [{"title", "text"}].
        count: rows per question.
    """

    def __init__(self, rows, count):
        import bm25s

        self.rows, self.count = rows, min(count, len(rows))
        self.index = bm25s.BM25()
        # Our own words: the library's would drop all of one letter or digit, and know no script without spaces.
        words = [words_of(f"{row['title']} {row['title']} {row['text']}") for row in rows]
        if rows:
            self.index.index(words, show_progress=False)
        titles = [words_of(row["title"]) for row in rows]
        self.titles, self.words = list(map(set, titles)), list(map(set, words))
        untitled = [i for i, title in enumerate(self.titles) if not title]
        self.general = untitled if len(untitled) <= count else []
        rows_with = Counter(w for row in self.words for w in row)
        self.rarity = {w: math.log(1 + (len(rows) - n + 0.5) / (n + 0.5)) for w, n in rows_with.items()}
        self.telling = {w for w, n in rows_with.items() if n <= max(1, len(rows) / 4)} - function_words()
        self.whole = np.array([sum(self.rarity[w] for w in title) for title in self.titles])
        joins = joining(rows_with)
        sentences = [not title or is_sentence(row["title"], title, joins) for row, title in zip(rows, titles)]
        self.titled = _rows_of(self.titles)
        self.saying = _rows_of([own & self.telling if said else () for own, said in zip(self.words, sentences)])
        self.alike = defaultdict(list)
        for i, row in enumerate(rows):
            self.alike[row["title"], row["text"]].append(i)

    def found(self, questions):
        """The rows that the last of some questions is about, or those that stand beside any other.

        A row that the question names; else what the questions before it were about, unless it hints at something new; else rows under whole
        sentences or nothing that share a telling word with it; else the rows without a title, if so many may be shown. Where there are none
        of these, nothing: of a device that there is not, the nearest other would be read out.
        """
        return [self.rows[i] for i in self._about(questions) or self.general] if questions else []

    def _about(self, questions):
        """The numbers of the rows that the last of some questions is about, [] if about none."""
        if not questions:
            return []
        words = words_of(questions[-1])
        said = set(words)
        if named := self._naming(said, NAMED):
            return self._best(words, named)
        before = self._about(questions[:-1])
        if before and not self._is_new(said, before):
            return before
        return self._best(words, np.unique(np.concatenate([[], *(self.saying[w] for w in said & self.saying.keys())])).astype(int))

    def _is_new(self, said, before):
        """Whether the words of a question hint at other rows than those that stood beside the questions before it."""
        shown = {same for i in before for same in self.alike[self.rows[i]["title"], self.rows[i]["text"]]}
        if any(i not in shown for i in self._naming(said, HINTED)):
            return True
        known = set().union(*(self.words[i] for i in shown))
        return any((self.words[i] & said & self.telling) - known for i in self.general)

    def _naming(self, said, least):
        """The rows of whose title at least so much is said, in their order."""
        told = np.zeros(len(self.rows))
        for word in said & self.titled.keys():
            told[self.titled[word]] += self.rarity[word]
        able = np.flatnonzero((told > 0) & (told >= least * self.whole - ROUNDING))
        return [int(i) for i in able if sum(self.rarity[w] for w in self.titles[i] & said) / self.whole[i] >= least]

    def _best(self, words, able):
        """The rows among some that fit a question best, by BM25."""
        if len(able) < 2:
            return [int(i) for i in able][: self.count]
        able, scores = np.asarray(able), self.index.get_scores(words)
        return [int(i) for i in able[np.lexsort((able, -scores[able]))][: self.count]]

    def beside(self, messages):
        """A conversation with the rows that each question finds put before it, but for those that stand in it already."""
        shown, asked, there = [], [], []
        for message in messages:
            if message["role"] == "user":
                asked.append(message["content"])
                rows = [row for row in self.found(asked) if row not in there]
                there += rows
                facts = "\n".join(row["text"] for row in rows)
                message = {**message, "content": f"Facts: {facts}\n\nQuestion: {message['content']}" if facts else message["content"]}
            shown.append(message)
        return shown


def _rows_of(words):
    """{word: the numbers of the rows that have it, as an array} of a set of words per row."""
    found = defaultdict(list)
    for i, own in enumerate(words):
        for word in own:
            found[word].append(i)
    return {word: np.array(rows) for word, rows in found.items()}


# --- names and sentences --------------------------------------------------------------------------------------------------------------
@functools.cache
def _lists():
    """[words that tell nothing] of each language that the library lists, in the order of their names."""
    from bm25s import stopwords

    return [frozenset(getattr(stopwords, name)) for name in sorted(dir(stopwords)) if name.startswith("STOPWORDS_")]


@functools.cache
def function_words():
    """Words that tell nothing, in the languages that the library lists."""
    return frozenset().union(*_lists())


def joining(counts):
    """Words that join others to sentences in the languages of some rows; not those of other languages, of which some are names here: "plus", "die", "max".

    Args:
        counts: {word: in how many rows it is}.
    """
    held = [sum(n for w, n in counts.items() if w in words) for words in _lists()]
    whole = [words for n, words in zip(held, _lists()) if n and 2 * n >= max(held)]
    return {w for words in whole for w in words if len(w) > 1 or not w.isascii()}  # a letter alone is a size, or a numeral


def is_sentence(title, words, joins):
    """Whether a title is a sentence, or a heading in so many words, under which a row says something; it is a name otherwise, however long."""
    return len(set(words)) > NAME and ("?" in title or "？" in title or not joins.isdisjoint(words))


def shown(conversations, rows, count):
    """What would stand beside the last questions of some conversations: rows {"topic", "questions", "with a row", "for example", "beside it"}."""
    shelf, found = Shelf(rows, count), defaultdict(list)
    for row in conversations:
        asked = [m["content"] for m in row["messages"] if m["role"] == "user"]
        found[row.get("topic", "all")].append((asked[-1], "\n".join(hit["text"] for hit in shelf.found(asked))))
    lines = []
    for topic, pairs in sorted(found.items()):
        example = next((pair for pair in pairs if pair[1]), pairs[0])
        share = sum(bool(facts) for _, facts in pairs) / len(pairs)
        lines.append(
            {
                "topic": topic,
                "questions": len(pairs),
                "with a row": f"{share:.0%}",
                "for example": example[0],
                "beside it": example[1] or "nothing",
            }
        )
    return lines


def equip(tokenizer, folder, count):
    """Gives a tokenizer the shelf of a model's folder, if it has one and its config says how many rows to show."""
    file = Path(folder) / FILE
    tokenizer.shelf = Shelf(jsonl(file), count) if count and file.exists() else None
    return tokenizer


def stock(tokenizer, rows, count):
    """Gives a tokenizer a shelf of its own: what a model is taught with, and will carry."""
    tokenizer.shelf = Shelf(rows, count) if count and rows else None


def shelf(tokenizer):
    return getattr(tokenizer, "shelf", None)


def carry(tokenizer, folder):
    """Writes the shelf of a tokenizer into the folder of the model that was taught with it."""
    if (found := shelf(tokenizer)) is not None:
        write_jsonl(Path(folder) / FILE, found.rows)
