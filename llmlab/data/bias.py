"""How a corpus speaks of groups of people, and a step that makes it speak of them alike."""

import functools
import hashlib
import re
from collections import defaultdict

from llmlab.spine.texts import sentences


def representation(documents, about):
    """How each group is spoken of: sentences that mention it, and the share of them with an unkind word.

    A word list is a crude reader: read the counts, and some of the sentences, before you believe the share.

    Args:
        about: of a material (see `material.described`), with its `groups` and `unkind` words.

    Returns: rows {"group", "sentences", "unkind"} of the groups that are mentioned.
    """
    return [
        {"group": group, "sentences": len(said), "unkind": round(sum(unkind for unkind, _ in said) / len(said), 3)}
        for group, said in mentions(documents, about).items()
    ]


def mentions(documents, about):
    """{group: [(whether a sentence that mentions it has an unkind word, the work it is from)]} of the groups that are mentioned."""
    names, found = [g.lower() for pair in about["groups"] for g in pair], defaultdict(list)
    if not names or not about["unkind"]:
        return {}
    unkind, finder = _words(*about["unkind"]), _words(*names)
    for n, document in enumerate(documents):
        if finder.search(document["text"]):
            for sentence in sentences(document["text"]):
                for name in {m.lower() for m in finder.findall(sentence)}:
                    found[name].append((bool(unkind.search(sentence)), document.get("url", n)))
    return {name: found[name] for name in names if found[name]}


def mentioned(text, about):
    """The groups that a text mentions."""
    names = [g.lower() for pair in about["groups"] for g in pair]
    return {m.lower() for m in _words(*names).findall(text)} if names else set()


@functools.cache
def _words(*words):
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.I)


def counterparts(about):
    """All pairs of words that are exchanged: a material's groups, and what goes with any."""
    return list(dict.fromkeys(tuple(word.lower() for word in pair) for pair in (*about["groups"], *about["counterparts"])))


def counterfactual(documents, pairs):
    """A cleaning step: exchanges "wife" and "husband", "she" and "he" and their like in half of the documents.

    Whatever was said about the one is then said as often about the other (counterfactual data substitution, Maudslay et al. 2019).
    The halves are chosen by a hash of the id. Grammar survives, except where "her" would have to become "him".
    """
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    finder = re.compile(rf"\b({'|'.join(map(re.escape, other))})(s?)\b", re.I)

    def exchange(match):
        if match[2] and match[1].lower() in ("she", "he", "her", "his"):
            return match[0]  # "hers" is a word of its own, and has no counterpart with one more letter
        word = other[match[1].lower()] + match[2]
        return word.capitalize() if match[1][0].isupper() else word

    for document in documents:
        if hashlib.blake2b(document["id"].encode(), digest_size=1).digest()[0] % 2:
            document["unexchanged"], document["text"] = document["text"], finder.sub(exchange, document["text"])
    return documents, []
