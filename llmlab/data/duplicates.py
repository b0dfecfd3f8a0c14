"""Cleaning steps against copies: exact ones by hash, near ones by MinHash."""

import hashlib
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
        from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
        from datatrove.utils.text import TextNormConfig

        bands, rows = bands_for(threshold)
        # By default it takes away case, digits, accents and punctuation: texts that differ in those are different texts.
        as_it_is = TextNormConfig(lowercase=False, norm_numbers=False, remove_punctuation=False, norm_unicode_diacritics=False)
        config = MinhashConfig(n_grams=ngram, num_buckets=bands, hashes_per_bucket=rows, norm_config=as_it_is)
        hasher = MinhashDedupSignature(os.devnull, config, word_tokenizer(words))
        buckets, kept = defaultdict(list), {}

        def judge(document):
            shingles = hasher.get_shingles(document["text"])
            if not shingles.size:
                return None
            keys = [(band, *signature) for band, signature in enumerate(hasher.get_signature(shingles))]
            own, seen = numpy.unique(shingles), {i for key in keys for i in buckets[key]}
            if any(_overlap(own, kept[i]) >= threshold for i in seen):
                return "near duplicate"
            for key in keys:
                buckets[key].append(len(kept))
            kept[len(kept)] = own

        return each(judge)(track.each(documents, "near duplicates"))

    return step


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
