"""Document steps: from raw pages to text worth learning from.

A step takes documents and gives back (kept, dropped); every dropped document carries the step and the reason, so that the
counts add up: in + added = kept + dropped. Steps know nothing of the truth that was planted in the embedded world.
"""

import hashlib
import math
import multiprocessing
import os
import re
from collections import Counter, defaultdict

import regex

from llmlab.data import formats, repair
from llmlab.data.pagetext import main_text
from llmlab.data.permission import judge as judge_permission
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.texts import UNSPACED, sentences, words_of

WORDS = regex.compile(UNSPACED + r"|[^\W\d_][\w\p{M}'’-]*|\d+(?:[.,]\d+)*|[^\w\s]+|_+")


def run(documents, steps, what="cleaning"):
    """Sends documents through `steps`, a list of (name, function), and keeps the books.

    Returns: (kept, dropped, waterfall). Dropped documents have `step` and `reason`; a waterfall row has `step`, `in`, `added` (parts of
    long pages), `kept`, `dropped`, `changed` and `reasons`, and in + added = kept + dropped.
    """
    dropped, waterfall = [], []
    with track.progress(len(steps), what) as bar:
        for name, step in steps:
            before = {d["id"]: d.get("text") for d in documents}
            kept, out = step(documents)
            added = len(kept) + len(out) - len(documents)  # a long page becomes several documents
            assert added >= 0, f"{name} lost documents"
            for document in out:
                document["step"] = name
            changed = sum(before.get(d["id"]) not in (None, d["text"]) for d in kept if "text" in d)
            waterfall.append(
                {
                    "step": name,
                    "in": len(documents),
                    "added": added,
                    "kept": len(kept),
                    "dropped": len(out),
                    "changed": changed,
                    "reasons": dict(Counter(d["reason"] for d in out).most_common()),
                }
            )
            documents, dropped = kept, dropped + out
            bar.update()
    if not documents:
        reasons = Counter(d["reason"] for d in dropped).most_common(3)
        raise UserError(
            f"cleaning dropped all {len(dropped)} documents: " + ", ".join(f"{reason} ({n})" for reason, n in reasons),
            "text that keeps the rules, or other rules",
            "llmlab run RUN -p language=any -p min_words=0   (or -p words=whitespace for code)",
        )
    return documents, dropped, waterfall


def each(judge):
    """A step from a function of one document that returns the reason to drop it, or None to keep it."""

    def step(documents):
        kept, dropped = [], []
        for document in documents:
            reason = judge(document)
            if reason:
                document["reason"] = reason
            (dropped if reason else kept).append(document)
        return kept, dropped

    return step


def permission(documents, allowed=()):
    """Drops what its site or author forbids or, where `allowed` names licences, what stands under none of them (see `permission.judge`)."""
    return each(lambda document: judge_permission(document, allowed))(documents)


# --- text ---------------------------------------------------------------------------------------------------------------------------
def extract(documents):
    """HTML to text by trafilatura; menus, banners, quotes and signatures go. Plain text passes."""
    pages = [d for d in documents if "html" in d]
    workers = min(os.cpu_count() or 1, 1 + len(pages) // 200)
    if workers > 1:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            texts = list(track.each(_Sized(pool.imap(main_text, [d["html"] for d in pages], chunksize=32), len(pages)), "extracting text"))
    else:
        texts = [main_text(d["html"]) for d in pages]
    for document, text in zip(pages, texts):
        document["raw"], document["text"] = document.pop("html"), text
        for rule in ("robots", "tdmrep", "headers"):
            document.pop(rule, None)
    documents = [part for d in documents for part in formats.cut(d)]
    return each(lambda d: None if d["text"].strip() else "no text on the page")(documents)


class _Sized:
    """An iterator whose length is known, for the progress bar."""

    def __init__(self, items, length):
        self.items, self.length = items, length

    def __len__(self):
        return self.length

    def __iter__(self):
        return iter(self.items)


def normalise(documents):
    """Repairs what was damaged on the way, and changes nothing else: a text that is whole comes out as it went in."""
    for document in documents:
        text = repair.repaired(document["text"])
        if text != document["text"]:
            document["repaired"] = (document["text"], text)
            document["text"] = text
    return each(lambda d: None if d["text"].strip() else "empty")(documents)


def most_repaired(documents):
    """(before, after) of the document in which `normalise` changed the largest share of lines; ("", "") if it changed none."""

    def share(document):
        before, after = (set(text.splitlines()) for text in document["repaired"])
        return len(before ^ after) / max(1, len(before | after))

    changed = [d for d in documents if "repaired" in d]
    return max(changed, key=share)["repaired"] if changed else ("", "")


def language(keep):
    """Keeps documents in the language `keep` ("any" for all), by py3langid; very short texts are left to `quality`."""

    def judge(document):
        found = None if keep == "any" else language_of(document["text"])
        return None if found in (None, keep) else f"language {found}"

    return each(judge)


def language_of(text):
    """The language of a text by py3langid, names before a colon left out; None for one too short to tell."""
    import py3langid

    return py3langid.classify(re.sub(r"^\w+: ", "", text, flags=re.M))[0] if len(text) >= 40 else None


def quality(min_words, words="regex", english=True):
    """Gopher's rules (Rae et al. 2021) for quality and repetition, as datatrove implements them.

    Args:
        min_words: shorter documents are dropped.
        words: "regex" for prose; "whitespace" for documentation and code, or their symbols would count as words.
        english: whether a text must hold one of Gopher's stop words and have words of three to ten letters on average, as English has.
    """
    from datatrove.data import Document
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter

    tokenizer = word_tokenizer(words)
    # Short forum threads repeat a fact in two answers: that is no spam, so the limits on repeated n-grams are wider than Gopher's.
    repetition = GopherRepetitionFilter(
        top_n_grams=((2, 0.30), (3, 0.35), (4, 0.40)), dup_n_grams=((5, 0.50), (10, 0.45)), language=tokenizer
    )
    letters = {} if english else {"min_avg_word_length": None, "max_avg_word_length": None}
    rules = [
        GopherQualityFilter(
            min_doc_words=min_words, max_non_alpha_words_ratio=0.6, min_stop_words=int(english), language=tokenizer, **letters
        ),
        repetition,
    ]

    def judge(document):
        for rule in rules:
            verdict = rule.filter(Document(text=document["text"], id=document["id"]))
            if verdict is not True:
                return verdict[1].replace("gopher_", "").replace("_", " ")
        return None

    return each(judge)


def word_tokenizer(words):
    """datatrove's default tokenizer is 30 times slower than this; a class inside, so that importing this module stays cheap."""
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Words(WordTokenizer):
        def word_tokenize(self, text):
            return text.split() if words == "whitespace" else WORDS.findall(text)

        def sent_tokenize(self, text):
            return sentences(text)

        def span_tokenize(self, text):
            return [m.span() for m in re.finditer(r"[^.!?\n]+[.!?]*", text)]

    return Words("en")


# --- against the tasks ------------------------------------------------------------------------------------------------------------------
def decontaminate(items, n=12):
    """Drops documents that hold a question of the evaluation together with its answer.

    Only n-grams with at least four words of both are indexed: an answer alone is what the model is to learn, and dropping it would delete the
    teaching with the leak.

    Args:
        items: [{"question", "answer"}] of every evaluation task.
    """
    index = set()
    for item in items:
        q, a = words_of(item["question"]), words_of(item["answer"])
        size = min(n, len(q) + len(a))
        both = q + a
        spans = range(max(0, len(q) - size + 1), min(len(q), len(both) - size + 1))
        index |= {tuple(both[i : i + size]) for i in spans if min(len(q) - i, i + size - len(q)) >= min(4, len(q), len(a))}
    sizes = sorted({len(g) for g in index})

    def judge(document):
        words = words_of(document["text"])
        found = any(tuple(words[i : i + s]) in index for s in sizes for i in range(len(words) - s + 1))
        return "holds an evaluation question and its answer" if found else None

    return each(judge)


BOOK = 25  # parts from which on a work is divided itself, at one place each, since by whole works a few books would leave a part empty


def split(documents, validation=0.04, test=0.04):
    """{"train", "validation", "test"}: by a hash of the address, so that a document stays in its part when others come or go.

    The parts of one work, which share an address, stay together; a long one gives its last parts to test and those before to validation.
    """
    parts, works = {"train": [], "validation": [], "test": []}, defaultdict(list)
    for document in documents:
        works[document.get("source"), document.get("url", document["id"])].append(document)
    for (_, address), work in works.items():
        at = int(hashlib.blake2b(address.encode(), digest_size=4).hexdigest(), 16) / 2**32
        whole = "validation" if at < validation else "test" if at < validation + test else "train"
        last, before = (max(1, round(share * len(work))) for share in (test, validation))
        for n, document in enumerate(work):
            own = "test" if n >= len(work) - last else "validation" if n >= len(work) - last - before else "train"
            parts[own if len(work) >= BOOK else whole].append(document)
    if empty := [name for name, part in parts.items() if not part]:
        raise UserError(
            f"{len(documents)} documents leave none for {' and '.join(empty)}",
            f"about {math.ceil(3 / min(validation, test))} documents, so that each part gets some",
            "llmlab run RUN -p source=MORE_TEXT",
        )
    return parts
