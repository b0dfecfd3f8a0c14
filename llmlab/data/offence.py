"""Finding offensive text: a word list, and a classifier trained on moderators' labels.

The word list finds insults that use a swear word. Implicit ones ("my dog would manage that, and he is dead") need the
classifier; how well it does on remarks that moderators labelled, and on those they never saw, is measured in phase 4 (`audit.insults`).
"""

import functools
import hashlib
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy

from llmlab.data import duplicates, formats, guests, material
from llmlab.data.clean import each
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json
from llmlab.spine.texts import sentences


def swearing(words=()):
    """A pattern of swear words: those that a material names, or the general ones."""
    return re.compile(rf"\b(?:{'|'.join(words or material.words()['swear'])})\b", re.I)


LEAST_LABELS, FOLDS = 50, 20
RUDE = {"rude", "offensive", "off", "toxic", "hate", "hateful", "insult", "abusive", "1", "1.0", "true", "yes"}
FINE = {"fine", "not", "neutral", "normal", "none", "clean", "ok", "not_offensive", "non-toxic", "0", "0.0", "false", "no"}
TARGET_FALSE_ALARMS = 0.005  # share of fine sentences that may be called rude when the threshold is set


class Detector:
    """Scores sentences from 0 (fine) to 1 (rude): characters and words in a linear model (Wulczyn et al. 2017).

    Args:
        rows: [{"text", "label": "rude" or "fine"}] by moderators.
        seed: of the parts in which texts are scored by what the others teach; the threshold is set on these scores, so that at most
            TARGET_FALSE_ALARMS of the fine ones pass it.

    `found` says of each rude and of each fine text whether a model that was not taught it calls it rude, and what kind of remark it is: recall on remarks of
    kinds that the labels know, and the false alarms that the threshold was set to.
    """

    def __init__(self, rows, seed=0, swear=()):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union

        if len({row["label"] for row in rows}) < 2 or len(rows) < LEAST_LABELS:
            raise UserError(
                f"{len(rows)} moderators' labels", f"at least {LEAST_LABELS}, both rude and fine ones", "llmlab run RUN -p labels=[]"
            )
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
        self.swear, self.features = swearing(swear), make_union(words, characters)
        texts, rude = [row["text"] for row in rows], [row["label"] == "rude" for row in rows]
        seen = self.features.fit_transform(texts).tocsr()  # of all: how common words are tells no label
        apart = self._scored_apart(seen, texts, rude, seed)
        fine = sorted((score for score, is_rude in zip(apart, rude) if not is_rude), reverse=True)
        self.threshold = max(0.5, fine[int(TARGET_FALSE_ALARMS * len(fine))])
        self.model = _learner(seed).fit(seen, rude)
        called = [float(score > self.threshold or bool(self.swear.search(text))) for score, text in zip(apart, texts)]
        judged = list(zip(called, duplicates.kin(texts)))
        self.found = [[c for c, is_rude in zip(judged, rude) if is_rude == wanted] for wanted in (True, False)]

    def _scored_apart(self, seen, texts, rude, seed):
        """The score of the worst sentence of each text, as texts are judged, by a model that was taught the other parts. Texts stay whole, so that no sentence
        is in two parts (cross-validation): of a single part its few rude wordings would decide how far the classifier is to be trusted."""
        different = sorted(set(texts))
        part = {text: n % FOLDS for n, text in enumerate(random.Random(seed).sample(different, len(different)))}
        of, parts = numpy.array([part[text] for text in texts]), [sentences(text) or [text] for text in texts]
        said = self.features.transform([sentence for of_text in parts for sentence in of_text])
        owner = numpy.repeat(numpy.arange(len(texts)), [len(of_text) for of_text in parts])
        scores = numpy.zeros(len(texts))
        for n in range(FOLDS):
            known, rude_known = of != n, [r for r, p in zip(rude, of) if p != n]
            if len(set(rude_known)) == 2 and not known.all():
                asked = ~known[owner]
                numpy.maximum.at(scores, owner[asked], _learner(seed).fit(seen[known], rude_known).predict_proba(said[asked])[:, 1])
        return scores.tolist()

    def scores(self, texts):
        return self.model.predict_proba(self.features.transform(texts))[:, 1].tolist() if texts else []

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


def _learner(seed):
    from sklearn.linear_model import LogisticRegression

    # dual: with fewer texts than features the same weights, 25 times as fast
    return LogisticRegression(C=10, solver="liblinear", dual=True, random_state=seed)


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
                    formats.look(file, line),
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


def unlabelled():
    return UserError(
        "offensive_filter = 'classifier', and there are no labels to learn it from",
        "texts that people called offensive or not, in files that labels names or in the material's labels.jsonl; or the word list",
        "llmlab run RUN -p 'labels=[FILE]'   (or -p offensive_filter=lexicon)",
    )


def of(folder):
    """The detector for the tasks of a folder: trained on the moderators' labels beside them, or the word list where there are none."""
    labels, about = Path(folder) / "labels.jsonl", Path(folder) / "about.json"
    swear = tuple(read_json(about)["swear"]) if about.exists() else ()
    return _trained(labels, hashlib.sha256(labels.read_bytes()).hexdigest(), swear) if labels.exists() else WordList(swear)


@functools.lru_cache(4)
def _trained(labels, content, swear):
    """The detector of a file with some content: a phase asks for it with every model that it judges."""
    return Detector(jsonl(labels), swear=swear)


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
