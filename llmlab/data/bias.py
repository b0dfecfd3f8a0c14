"""How a corpus speaks of groups of people, and a step that makes it speak of them alike."""

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
    groups, unkind = about["groups"], re.compile(rf"\b({'|'.join(map(re.escape, about['unkind']))})\b", re.I)
    mentioned = defaultdict(list)
    names = [g.lower() for pair in groups for g in pair]
    if not names or not about["unkind"]:
        return []
    finder = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b", re.I)
    for document in documents:
        if finder.search(document["text"]):
            for sentence in sentences(document["text"]):
                for name in {m.lower() for m in finder.findall(sentence)}:
                    mentioned[name].append(bool(unkind.search(sentence)))
    return [
        {"group": g, "sentences": len(mentioned[g]), "unkind": round(sum(mentioned[g]) / len(mentioned[g]), 3)}
        for g in names
        if mentioned[g]
    ]


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
            document["text"] = finder.sub(exchange, document["text"])
    return documents, []
