"""Finding offensive text: a word list, and a classifier trained on moderators' labels.

The word list finds insults that use a swear word. Implicit ones ("my dog would manage that, and he is dead") need the
classifier; how well it does on remarks that moderators labelled, and on those they never saw, is measured in phase 4 (`audit.insults`).
"""

import random
import re
from collections import defaultdict
from pathlib import Path

from llmlab.data import guests, material
from llmlab.data.clean import each
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.texts import sentences


def swearing(words=()):
    """A pattern of swear words: those that a material names, or the general ones."""
    return re.compile(rf"\b(?:{'|'.join(words or material.words()['swear'])})\b", re.I)


LEAST_LABELS = 50
RUDE = {"rude", "offensive", "off", "toxic", "hate", "hateful", "insult", "abusive", "1", "1.0", "true", "yes"}
FINE = {"fine", "not", "neutral", "normal", "none", "clean", "ok", "not_offensive", "non-toxic", "0", "0.0", "false", "no"}
TARGET_FALSE_ALARMS = 0.005  # share of fine sentences that may be called rude when the threshold is set


class Detector:
    """Scores sentences from 0 (fine) to 1 (rude): characters and words in a linear model (Wulczyn et al. 2017).

    Args:
        rows: [{"text", "label": "rude" or "fine"}] by moderators.
        seed: of the hold-out on which the threshold is set, so that at most TARGET_FALSE_ALARMS fine sentences pass it.

    `found` says of each rude and of each fine text that was kept apart whether it calls it rude: its recall and its false alarms, on remarks of known kinds.
    """

    def __init__(self, rows, seed=0, swear=()):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        if len({row["label"] for row in rows}) < 2 or len(rows) < LEAST_LABELS:
            raise UserError(
                f"{len(rows)} moderators' labels", f"at least {LEAST_LABELS}, both rude and fine ones", "llmlab run RUN -p labels=[]"
            )
        self.swear, texts = swearing(swear), sorted({row["text"] for row in rows})
        kept_apart = set(random.Random(seed).sample(texts, len(texts) // 4))  # by text, so that no sentence is in both parts
        held_out, train = ([r for r in rows if (r["text"] in kept_apart) == apart] for apart in (True, False))
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
        self.model = make_pipeline(make_union(words, characters), LogisticRegression(C=10, solver="liblinear", random_state=seed))
        self.model.fit([r["text"] for r in train], [r["label"] == "rude" for r in train])
        fine, rude = ([r["text"] for r in held_out if r["label"] == label] for label in ("fine", "rude"))
        self.threshold = max(0.5, sorted(self.scores(fine), reverse=True)[int(TARGET_FALSE_ALARMS * len(fine))])
        self.found = [[(float(s is not None), t) for s, t in zip(self.rude_sentences(texts), texts)] for texts in (rude, fine)]

    def scores(self, texts):
        return self.model.predict_proba(texts)[:, 1].tolist() if texts else []

    def rude_sentences(self, texts):
        """The worst sentence of each text if it holds a swear word or scores above the threshold, else None; in one batch, 50 times faster."""
        parts = [sentences(text) for text in texts]
        scores = iter(self.scores([s for p in parts for s in p]))
        found = []
        for part in parts:
            scored = [(1.0 if self.swear.search(s) else 0.0, next(scores), s) for s in part]
            worst = max(scored, default=(0, 0, ""))
            found.append(worst[2] if worst[0] or worst[1] > self.threshold else None)
        return found


class WordList:
    """What finds insults where no moderator labelled any: swear words alone."""

    def __init__(self, swear=()):
        self.swear = swearing(swear)

    def rude_sentences(self, texts):
        """The first sentence of each text that holds a swear word, else None."""
        return [next((s for s in sentences(text) if self.swear.search(s)), None) for text in texts]


def labelled(texts):
    """Moderators' labels, whatever they are called, as rows {"text", "label": "rude" or "fine", …}; [] where nobody labelled any."""
    found = []
    for text in texts:
        for (file, line), row in guests.rows(guests.named(text)):
            said = str(row.get("label", "")).lower()
            if not isinstance(row.get("text"), str) or said not in RUDE | FINE:
                wrong = f"the label {said!r}" if isinstance(row.get("text"), str) and "label" in row else f"the columns {', '.join(row)}"
                raise UserError(
                    f"{file}, line {line}: {wrong}",
                    f"text, and label: {', '.join(sorted(RUDE))}, or {', '.join(sorted(FINE))}",
                    "mend the labels",
                )
            told = {k: row[k] for k in ("votes_rude", "moderators") if k in row}
            found.append({"text": row["text"], "label": "rude" if said in RUDE else "fine", **told})
    if found and (len(found) < LEAST_LABELS or len({row["label"] for row in found}) < 2):
        raise UserError(
            f"{len(found)} labels",
            f"at least {LEAST_LABELS}, of rude sentences and of fine ones, or none at all",
            "llmlab run RUN -p labels=[]",
        )
    return found


def of(folder):
    """The detector for the tasks of a folder: trained on the moderators' labels beside them, or the word list where there are none."""
    labels, about = Path(folder) / "labels.jsonl", Path(folder) / "about.json"
    swear = read_json(about)["swear"] if about.exists() else ()
    return Detector(jsonl(labels), swear=swear) if labels.exists() else WordList(swear)


def planted(folder):
    """{kind: [(words that are looked for first, pattern)]} of the insults that the text of a material is known to hold; `*` stands for any words."""
    path, known = Path(folder) / "insults.jsonl", defaultdict(list)
    for row in jsonl(path) if path.exists() else ():
        parts = row["text"].split("*")
        pattern = re.compile(r"[\w -]{1,40}".join(map(re.escape, parts)), re.I)
        known[row["kind"]].append((max(parts, key=len).lower(), pattern))
    return known


def holds(known, text):
    """The kind of a planted insult that a text holds word by word; None if it holds none."""
    lower = text.lower()
    return next((kind for kind, patterns in known.items() if any(words in lower and p.search(text) for words, p in patterns)), None)


def offensive_text(how, detector=None, swear=()):
    """A cleaning step: drops documents with offensive sentences.

    Args:
        how: "none", "lexicon" (explicit insults only) or "classifier" (needs `detector`).
    """
    if how == "none":
        return lambda documents: (documents, [])
    if how == "lexicon":
        explicit = swearing(swear)
        return each(lambda d: "explicit insult" if explicit.search(d["text"]) else None)

    def step(documents):
        found = {d["id"]: s for d, s in zip(documents, detector.rude_sentences([d["text"] for d in documents]))}
        return each(lambda d: "offensive sentence" if found[d["id"]] else None)(documents)

    return step
