"""Cleaning steps against copies: exact ones by hash, near ones by MinHash."""

import hashlib
import itertools
import os
import re
import unicodedata
from collections import defaultdict

import numpy

from llmlab.data.clean import each, word_tokenizer
from llmlab.spine import track

ALIKE = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})


def exact_duplicates(documents):
    """Keeps the first of documents that a reader cannot tell apart: they differ in blank lines, in spaces within lines, or in the form of quotes."""
    seen = set()

    def judge(document):
        mark = hashlib.blake2b(_read(document["text"]).encode(), digest_size=16).digest()
        if mark in seen:
            return "exact duplicate"
        return seen.add(mark)

    return each(judge)(documents)


def _read(text):
    """A text as it is read. Letters, digits, signs and indentation stay, whatever the script."""
    lines = (line.rstrip() for line in unicodedata.normalize("NFC", text).translate(ALIKE).splitlines())
    return "\n".join(re.sub(r"(?<=\S)\s+", " ", line) for line in lines if line)


def near_duplicates(threshold, ngram=3, words="regex"):
    """Keeps the first of documents whose word n-grams overlap by `threshold` or more.

    MinHash (Broder 1997; the hashes are datatrove's) finds candidates among the documents that stay, never among those already dropped, so
    that in a chain of versions the last is compared with the first. For candidates the overlap (Jaccard) itself is computed.
    """

    def step(documents):
        alike = _alike(threshold, ngram, words)
        judge = lambda document: "near duplicate" if alike(document["text"]) is not None else None  # noqa: E731
        return each(judge)(track.each(documents, "near duplicates"))

    return step


def kin(texts, threshold=0.5):
    """A number for each text, the same for those that share most of their words with the first of them: "you are a fool", "you are an old fool".

    Args:
        threshold: share of the words of two texts (Jaccard) that both hold.
    """
    alike, marks = _alike(threshold, 1, "regex"), []
    for text in texts:
        first = alike(text.lower())
        marks.append(len(marks) if first is None else first)
    return marks


def _alike(threshold, ngram, words):
    """A function that takes one text after the other, and gives the number of the first that this one overlaps and that overlapped none itself, or None."""
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.text import TextNormConfig

    bands, rows = bands_for(threshold)
    # By default it takes away case, digits, accents and punctuation: texts that differ in those are different texts.
    as_it_is = TextNormConfig(lowercase=False, norm_numbers=False, remove_punctuation=False, norm_unicode_diacritics=False)
    config = MinhashConfig(n_grams=ngram, num_buckets=bands, hashes_per_bucket=rows, norm_config=as_it_is)
    hasher = MinhashDedupSignature(os.devnull, config, word_tokenizer(words))
    buckets, kept, numbers = defaultdict(list), {}, itertools.count()

    def first(text):
        number, shingles = next(numbers), hasher.get_shingles(text)
        if not shingles.size:
            return None
        keys = [(band, *signature) for band, signature in enumerate(hasher.get_signature(shingles))]
        own, seen = numpy.unique(shingles), sorted({i for key in keys for i in buckets[key]})
        found = next((i for i in seen if _overlap(own, kept[i]) >= threshold), None)
        if found is None:
            for key in keys:
                buckets[key].append(number)
            kept[number] = own
        return found

    return first


def _overlap(a, b):
    """Jaccard's index of two sorted arrays of different shingles."""
    if min(len(a), len(b)) == 0:
        return 0.0
    both = len(numpy.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)


def bands_for(threshold, hashes=112, found=0.95):
    """(bands, rows) of about `hashes` hashes with the most rows by which 95 % of the pairs at `threshold` are found: 1 - (1 - s^rows)^bands."""
    options = [(hashes // rows, rows) for rows in range(1, 17)]
    return max((o for o in options if 1 - (1 - threshold ** o[1]) ** o[0] >= found), key=lambda o: o[1], default=options[0])
