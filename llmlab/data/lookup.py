"""Grounding: rows of a knowledge base beside the question, found by BM25 (Robertson et al. 1994) and read by the model with it.

A model that was taught so carries its rows in its folder (`knowledge.jsonl`) and their number in its config (`grounding`). Its tokenizer is equipped
with them when it is loaded, so that training, evaluation, chat and serving all show the model the same.
"""

import math
from collections import Counter, defaultdict
from pathlib import Path

from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.texts import words_of

FILE = "knowledge.jsonl"
NAMED = 0.5  # of its title's words, weighed by how rare they are, a question must say so much, or the row is about something else
FADES = 0.5  # what an earlier question counts for the row to be found, against the one after it: "and what does it cost?" names nothing


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
        self.index.index(words, show_progress=False)
        self.titles, rows_with = [set(words_of(row["title"])) for row in rows], Counter(w for row in words for w in set(row))
        self.rarity = {w: math.log(1 + (len(rows) - n + 0.5) / (n + 0.5)) for w, n in rows_with.items()}

    def found(self, questions):
        """The rows that fit the last of some questions best, in the light of those before it; none where no row is about what is asked.

        A row that shares words with a question is not yet about it: of a device that there is not, the nearest other would be read out.
        """
        scores, said = 0.0, set()
        for question in questions:
            words = words_of(question)
            scores = FADES * scores + self.index.get_scores(words) if words else FADES * scores
            said |= set(words)
        if isinstance(scores, float):
            return []
        able = [i for i in range(len(self.rows)) if scores[i] > 0 and self._named(i, said)]
        return [self.rows[i] for i in sorted(able, key=lambda i: (-scores[i], i))[: self.count]]

    def _named(self, i, said):
        title = self.titles[i]
        return sum(self.rarity[w] for w in title & said) >= NAMED * sum(self.rarity[w] for w in title)

    def beside(self, messages):
        """A conversation with the rows that each question finds put before it."""
        shown, asked = [], []
        for message in messages:
            if message["role"] == "user":
                asked.append(message["content"])
                facts = "\n".join(row["text"] for row in self.found(asked))
                message = {**message, "content": f"Facts: {facts}\n\nQuestion: {message['content']}" if facts else message["content"]}
            shown.append(message)
        return shown


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
