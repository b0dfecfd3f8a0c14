"""Grounding: rows of a knowledge base beside the question, found by BM25 (Robertson et al. 1994) and read by the model with it.

A model that was taught so carries its rows in its folder (`knowledge.jsonl`) and their number in its config (`grounding`). Its tokenizer is equipped
with them when it is loaded, so that training, evaluation, chat and serving all show the model the same.
"""

import functools
import math
from collections import Counter, defaultdict
from pathlib import Path

from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.texts import words_of

FILE = "knowledge.jsonl"
NAMED = 0.5  # a question is about a row if it says so much of the row's title, its words weighed by how rare they are
HINTED = NAMED / 2  # and about something new if it says so much of another title: "and the toaster?" after talk of a fan
NAME = 3  # a title of so many words at most is a name: a row that is not named is then about something else


class Shelf:
    """The rows of a knowledge base, and how many of them stand beside a question.

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
        self.titles, self.words = [set(words_of(row["title"])) for row in rows], [set(row) for row in words]
        untitled = [i for i, title in enumerate(self.titles) if not title]
        self.general = untitled if len(untitled) <= count else []
        rows_with = Counter(w for row in self.words for w in row)
        self.rarity = {w: math.log(1 + (len(rows) - n + 0.5) / (n + 0.5)) for w, n in rows_with.items()}
        self.telling = {w for w, n in rows_with.items() if n <= max(1, len(rows) / 4)} - function_words()

    def found(self, questions):
        """The rows that the last of some questions is about, or those that stand beside any other.

        A row that the question names; else what the questions before it were about, unless it hints at something new; else rows under whole
        sentences or nothing that share a telling word with it; else the rows without a title, if so many may be shown. Where there are none
        of these, nothing: of a device that there is not, the nearest other would be read out.
        """
        return (self._about(questions) or [self.rows[i] for i in self.general]) if questions else []

    def _about(self, questions):
        """The rows that the last of some questions is about, [] if about none."""
        if not questions:
            return []
        words = words_of(questions[-1])
        said = set(words)
        if named := [i for i in range(len(self.rows)) if self._told(i, said) >= NAMED]:
            return self._best(words, named)
        before = self._about(questions[:-1])
        if before and not self._is_new(said, before):
            return before
        return self._best(
            words, [i for i, own in enumerate(self.words) if not 0 < len(self.titles[i]) <= NAME and own & said & self.telling]
        )

    def _is_new(self, said, before):
        """Whether the words of a question hint at other rows than those that stood beside the questions before it."""
        shown = [i for i, row in enumerate(self.rows) if row in before]
        hinted = any(self._told(i, said) >= HINTED for i in range(len(self.rows)) if i not in shown)
        known = set().union(*(self.words[i] for i in shown))
        return hinted or any(self.words[i] & said & self.telling - known for i in self.general)

    def _told(self, i, said):
        """How much of the title of a row is said."""
        whole = sum(self.rarity[w] for w in self.titles[i])
        return sum(self.rarity[w] for w in self.titles[i] & said) / whole if whole else 0.0

    def _best(self, words, able):
        """The rows among some that fit a question best, by BM25."""
        scores = self.index.get_scores(words) if able else []
        return [self.rows[i] for i in sorted(able, key=lambda i: (-scores[i], i))[: self.count]]

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


@functools.cache
def function_words():
    """Words that tell nothing, in the languages that the library lists."""
    from bm25s import stopwords

    return frozenset(word for name in dir(stopwords) if name.startswith("STOPWORDS_") for word in getattr(stopwords, name))


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
