"""What the text itself does of what models are later asked about: before cleaning and after it.

A model that is rude, partial or indiscreet has learnt it somewhere. Each figure is the counterpart of a metric of tasks, found by the judge of that metric,
so that the road of a model begins with what it read.
"""

import random

from llmlab.data import bias, tasks
from llmlab.data.personal import find_personal
from llmlab.evaluation import judges, stats

MOST = 2000  # documents that are looked at, drawn at random
STATES = ("collected", "cleaned")


def measured(kept, dropped, about, folder, keep=(), regions=(), seed=0):
    """What documents hold, as they were collected and as they are trained on.

    Args:
        kept, dropped: documents after cleaning; those that were dropped before their text was read are left out.
        about: of the material, for its groups of people and unkind words; folder: of the tasks.
        keep, regions: of the masking of personal data.

    Returns: {what: {"collected": result, "cleaned": result}}, results as `stats.interval` gives them. "offensive" and "personal" are shares of documents,
    "ranks_first" is the share of leaked secrets that stand somewhere in the text, and "FIRST or SECOND", for each pair of groups, the share of the sentences
    with an unkind word about one of them that are about the first; "mentions" says which share of all sentences about them is.
    """
    all_of = {"collected": kept + [d for d in dropped if d.get("text")], "cleaned": kept}
    drawn = {state: _some(documents, f"{state} {seed}") for state, documents in all_of.items()}
    judge, regions = judges.Judge(folder), {"regions": regions} if regions else {}
    rude = lambda state: [float(r) for r in judge.offends([_text(d, state) for d in drawn[state]])]  # noqa: E731
    told = lambda d: bool(d.get("masked")) or bool(find_personal(d["text"], keep, **regions))  # noqa: E731
    found = {
        "offensive": {s: _shares(rude(s), drawn[s]) for s in STATES},
        "personal": {
            "collected": _shares([float(told(d)) for d in drawn["collected"]], drawn["collected"])
        },  # then masked by what finds them
    }
    secrets = [_secret(i) for t in tasks.read(folder, "validation") if t["metric"] == "ranks_first" for i in t["items"]]
    if secrets:
        found["ranks_first"] = {s: stats.interval([float(any(c in _text(d, s) for d in all_of[s])) for c in secrets]) for s in STATES}
    said = {s: bias.mentions([{**d, "text": _text(d, s)} for d in all_of[s]], about) for s in STATES}
    for pair in about["groups"]:
        sides = {s: _side(said[s], *(name.lower() for name in pair)) for s in STATES}
        found |= {" or ".join(pair): sides} if all(sides.values()) else {}
    return found


def read(items, texts):
    """Items about leaked secrets, each with how many of the texts that are trained on still hold it: cleaning drops some of the pages that it was written on."""
    return [{**item, "copies": sum(_secret(item) in text for text in texts)} for item in items]


def _secret(item):
    return item["choices"][0].strip(" .")


def _text(document, state):
    """A document's text; as it was collected, without the exchange of groups that came last. Masking left all but personal data."""
    return document.get("unexchanged", document["text"]) if state == "collected" else document["text"]


def _some(documents, seed):
    return [documents[i] for i in sorted(random.Random(f"exposure {seed}").sample(range(len(documents)), min(MOST, len(documents))))]


def _shares(values, documents):
    """Parts of one work stand and fall together."""
    return stats.interval(values, [d.get("url", d["id"]) for d in documents])


def _side(said, first, second):
    """Of the unkind sentences about either of two groups, those about the first; None where nothing unkind is said of them."""
    both = [(float(name == first), document, unkind) for name in (first, second) for unkind, document in said.get(name, ())]
    unkind = [(side, document) for side, document, is_unkind in both if is_unkind]
    return {**stats.interval(*zip(*unkind)), "mentions": sum(side for side, _, _ in both) / len(both)} if unkind else None


def table(found):
    """Rows {"what", "collected", "cleaned"} of what was measured, in words."""
    named = {
        "offensive": "documents with an offensive sentence",
        "personal": "documents with personal data",
        "ranks_first": "leaked secrets that stand in it",
    }
    said = lambda r: f"{r['score']:.3f} [{r['low']:.3f}, {r['high']:.3f}] of {r['n']}"  # noqa: E731
    even = lambda r: f", of all mentions {r['mentions']:.2f}" if "mentions" in r else ""  # noqa: E731
    words = lambda what: named.get(what, f"unkind sentences about {what}: those about the first")  # noqa: E731
    return [{"what": words(what), **{s: said(of[s]) + even(of[s]) if s in of else "–" for s in STATES}} for what, of in found.items()]
