"""Grounding: rows of a knowledge base beside the question, found by BM25 (Robertson et al. 1994) and read by the model with it.

A model that was taught so carries its rows in its folder (`knowledge.jsonl`) and their number in its config (`grounding`). Its tokenizer is equipped
with them when it is loaded, so that training, evaluation, chat and serving all show the model the same.
"""

from pathlib import Path

from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.texts import words_of

FILE = "knowledge.jsonl"
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
        self.index.index([words_of(f"{row['title']} {row['title']} {row['text']}") for row in rows], show_progress=False)

    def found(self, questions):
        """The rows that fit the last of some questions best, in the light of those before it."""
        scores = 0.0
        for question in questions:
            words = words_of(question)
            scores = FADES * scores + self.index.get_scores(words) if words else FADES * scores
        if isinstance(scores, float):
            return []
        best = sorted(range(len(self.rows)), key=lambda i: (-scores[i], i))[: self.count]
        return [self.rows[i] for i in best if scores[i] > 0]

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
