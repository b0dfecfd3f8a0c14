"""Lessons and tasks that a text gives of itself, where nobody wrote any: go on, fill the gap, find the heading, say what something is.

Lessons are made of training documents, the items of tasks of held-out ones, in the same words: what is asked is a skill, and the answer always
stands in the question or follows from it, since a fact that was held out can be known by nobody.
"""

import random
import re
from collections import Counter

import regex

from llmlab.data import misses
from llmlab.data.tasks import room, task, user
from llmlab.spine.texts import sentences

UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
GAP = regex.compile(  # a word of five letters or more; two characters where words have no spaces between them
    rf"(?<=[\s])(?:(?!{UNSPACED})[^\W\d_]){{5,}}\b|(?:{UNSPACED}\p{{M}}*){{2}}"
)
HEADING = re.compile(r"^ ?(?:#{1,6} +(?P<marked>[^\n]{3,80}?)#* *|(?:= ?)+(?P<wiki>[^\n=]{3,80}?) ?(?:= ?)+)$", re.M)
DEFINES = regex.compile(  # "A kettle is a vessel …": what it is called, and what it is said to be
    r"^(?:The |An? |O |A |Um |Uma |El |La |Un |Una |Der |Die |Das |Ein |Eine )?(?P<name>[\p{L}\d][\p{L}\d'’-]*(?: [\p{L}\d'’-]+){0,3}?)(?: \([^)\n]{1,60}\))? (?:is|are|was|were|é|são|es|son|ist|sind) (?:an?|one of the|the \p{L}+ \p{L}+ of|uma?|un|una|ein|eine) \p{L}"
)
NAMED = re.compile(
    r"^(?P<name>[A-Za-z_][\w.]{2,60})\n(?P<does>[A-Z][^\n]{20,200}?\.)(?:\s|$)"
)  # a name and what its docstring says it does
ITEMS, PASSAGE, ENOUGH = 200, 400, 20  # of a task and split; characters of a question; fewer headings make no task
EXPOSITORY = 0.2  # definitions per document from which on a text is taken to explain things; a play says "is" too
NOBODY = set(
    """it this that there he she they what which who here these those we you i and or but for as if when while also among subsequently included
his her its their our my your such all by in on at after before with from to of one""".split()
)

KINDS = {
    "cloze": ("choice", "the word that was taken out of a held-out text"),
    "origin": ("states", "which part of the source a held-out text comes from"),
    "heading": ("f1", "the heading of a held-out section: words in common with the true one"),
    "definition": ("f1", "what something is, said in a held-out passage that the question quotes"),
    "offensive": ("offensive", "how the model goes on with held-out text"),
    "personal": ("personal", "whether it goes on with an e-mail address, a number or an address"),
}


TOPICS = ("continue", "fill", "heading", "definition", "origin")
GOES_ON = ("cloze", "offensive", "personal")  # of KINDS: those that are asked as a text to go on with, too
CONDUCT = ("offensive", "personal")  # of KINDS: what is asked of any model, whatever its exam, and is called as it is judged


# --- tasks ------------------------------------------------------------------------------------------------------------------------------
def tasks(held_out, seed, kinds=tuple(KINDS)):
    """(heads, items) of the tasks that held-out documents give.

    Args:
        held_out: {"validation": documents, "test": documents}, none of which any model of the run is trained on.
        kinds: those of KINDS that are wanted.
    """
    documents = [d for part in held_out.values() for d in part]
    sources = sorted({d["source"] for d in documents})
    common = _common_words(documents)
    heads, items = [], {}
    for name, (metric, about) in ((kind, KINDS[kind]) for kind in kinds):
        if name == "definition" and not _explains([said for d in documents for said in _definitions(d["text"])], documents):
            continue
        found = {s: _items(name, random.Random(f"derived {name} {seed} {s}"), d, sources, common) for s, d in held_out.items()}
        if min(map(len, found.values())) < (ENOUGH if name in ("heading", "definition") else 1):
            continue
        share = round(max(Counter(d["source"] for d in documents).values()) / len(documents), 3)
        chance = {"cloze": 0.25, "origin": share}.get(name, 0.0)
        forms = ["chat", "text"] if name in GOES_ON else ["chat"]
        most = room(metric, found["validation"] + found["test"])
        heads.append(task(name, metric, forms=forms, chance=chance, about=about, answer_tokens=most))
        items[name] = found
    return heads, items


def _items(name, rng, documents, sources, common):
    """Items of one kind, drawn over all documents alike: of a book the parts are what can be compared."""
    works = {d.get("url", d["id"]) for d in documents}
    cluster = lambda d: d.get("url", d["id"]) if len(works) > 4 else d["id"]  # noqa: E731
    found = []
    for document in rng.sample(documents, len(documents)):
        found += [{**item, "cluster": cluster(document)} for item in _asked(name, rng, document, sources, common)]
    chosen = rng.sample(range(len(found)), min(ITEMS, len(found)))
    return [found[i] for i in sorted(chosen)]


def _asked(name, rng, document, sources, common):
    if name == "cloze":
        return [
            item for start in range(0, len(document["text"]), 300) if (item := _cloze(rng, document["text"][start : start + 600], common))
        ]
    if name in ("heading", "definition"):
        lessons = {"heading": _headings, "definition": _definitions}[name](document["text"])
        return [{"messages": user(asked), "target": answer} for asked, answer in lessons]
    if name == "origin":
        others = [s for s in sources if s != document["source"]]
        return [{"messages": user(origin_question(document["text"])), "target": document["source"], "wrong": others}] if others else []
    parts = [_words(document["text"], start, 200).strip() for start in range(0, len(document["text"]), 800)]
    beginnings = [part for part in parts if len(part) > 60] or parts[:1]
    return [{"messages": user(f"Please go on with this text: {beginning}"), "text": beginning} for beginning in beginnings]


def _words(text, start, length):
    """A part of a text without the pieces of words at its ends; of one whose words are not divided by spaces, all of it."""
    part = text[start : start + length]
    if start and not text[start - 1].isspace() and " " in part:
        part = part[part.index(" ") + 1 :]
    if start + length < len(text) and not text[start + length].isspace() and " " in part:
        part = part[: part.rindex(" ")]
    return part


def _cloze(rng, text, common):
    spots = [m for m in GAP.finditer(text) if m.start() > 60 and m[0] == m[0].lower()]
    if not spots:
        return None
    spot = rng.choice(spots)
    wrong = [w for w in rng.sample(common, min(8, len(common))) if w != spot[0]][:3]
    if len(wrong) < 3:
        return None
    right = rng.randrange(4)  # so that who always takes the first gains nothing
    space = text[: spot.start()].endswith(" ")  # a word is learned with the space before it
    choices = [(" " * space) + word + text[spot.end() : spot.end() + 40] for word in (*wrong[:right], spot[0], *wrong[right:])]
    return dict(text=text[: spot.start() - space], choices=choices, right=right)


def _common_words(documents):
    words = Counter(m[0] for d in documents for m in GAP.finditer(d["text"]) if m[0] == m[0].lower())
    return [w for w, n in words.most_common(400) if n > 1] or ["nothing"]


# --- lessons ----------------------------------------------------------------------------------------------------------------------------
def lessons(documents, seed, count):
    """(conversations, pairs) about any text. A pair prefers the true answer to that of another document (see `misses`).

    Returns: rows {"messages", "topic"}, at most `count`, the kinds of lesson in equal shares as far as there are some; rows {"prompt", "chosen",
    "rejected", "flaw", "annotators"}, a fifth as many: nobody judged them, the text itself says which answer is right.
    """
    rng = random.Random(f"lessons {seed}")
    by_kind = {kind: rng.sample(found, len(found)) for kind, found in _lessons(rng, documents).items() if found}
    rows, turn = [], 0
    while len(rows) < count and any(by_kind.values()):
        kind = [k for k in by_kind if by_kind[k]][turn % sum(bool(f) for f in by_kind.values())]
        asked, answer = by_kind[kind].pop()
        rows.append({"messages": [*user(asked), {"role": "assistant", "content": answer}], "topic": kind})
        turn += 1
    return rng.sample(rows, len(rows)), misses.pairs(rows, seed, max(20, count // 5), certain=True)


def _lessons(rng, documents):
    """{kind: [(question, answer)]}."""
    sources = {d["source"] for d in documents}
    found = {topic: [] for topic in TOPICS}
    for document in documents:
        text = " ".join(document["text"].split())
        found["heading"] += _headings(document["text"])
        found["definition"] += _definitions(document["text"])
        for start in range(0, len(text), 2 * PASSAGE):
            passage = _words(text, start, PASSAGE)
            if len(passage) > 80:
                cut = passage.rfind(" ", 0, len(passage) // 2) if " " in passage else len(passage) // 2
                found["continue"].append((f"Please go on with this text: {passage[:cut].strip()}", passage[cut:].strip()))
                found["fill"] += _fill(rng, passage)
        if len(sources) > 1:
            start = rng.randrange(max(1, len(document["text"]) - 260))
            found["origin"].append((origin_question(document["text"][start:]), f"This text is from {document['source']}."))
    return found if _explains(found["definition"], documents) else {**found, "definition": []}


def _explains(definitions, documents):
    """Whether a text says often enough what something is for that to be taught, and asked."""
    return len(definitions) >= EXPOSITORY * len(documents)


def _fill(rng, passage):
    spots = [m for m in GAP.finditer(passage) if m[0] == m[0].lower()]
    if not spots:
        return []
    spot = rng.choice(spots)
    return [(f"Which word is missing? {passage[: spot.start()]}____{passage[spot.end() :]}", f"The missing word is {spot[0]}.")]


def _headings(text):
    """(question, heading) of the sections of a text that has some."""
    marks, found = list(HEADING.finditer(text)), []
    for mark, end in zip(marks, [m.start() for m in marks[1:]] + [len(text)]):
        body = " ".join(text[mark.end() : end].split())[:PASSAGE]
        title = (mark["marked"] or mark["wiki"]).strip()
        if len(body) > 120 and title:
            found.append((f"Which heading fits this text? {body.rsplit(' ', 1)[0]}", title))
    return found


def _definitions(text):
    """(question, answer) where a text says what something is, or a docstring what a name does."""
    if named := NAMED.match(text):
        return [(f"What does {named['name']} do? {' '.join(text[len(named['name']) :].split())[:PASSAGE]}", named["does"])]
    found, said = [], sentences(text)
    for n, sentence in enumerate(said):
        match = DEFINES.match(sentence)
        if match and 30 < len(sentence) < 200 and match["name"].split()[0].lower() not in NOBODY and sentence[-1] == ".":
            around = " ".join(said[max(0, n - 1) : n + 2])[: PASSAGE + 100]
            found.append((f"What is said of {match['name']}? {around}", sentence))
    return found


def origin_question(text):
    """The question of the task `origin`, in training and in the test."""
    return f"Which part of the source is this text from?\n{' '.join(text.split())[:260]}"
