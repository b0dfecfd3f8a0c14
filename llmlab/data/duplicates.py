"""Cleaning steps against copies: exact ones by hash, near ones by MinHash."""

import hashlib
import os
import re
from collections import defaultdict

from llmlab.data.clean import each, word_tokenizer
from llmlab.spine import track


def exact_duplicates(documents):
    """Keeps the first of documents with the same letters and digits."""
    seen = set()

    def judge(document):
        mark = hashlib.blake2b(re.sub(r"\W+", "", document["text"].lower()).encode(), digest_size=16).digest()
        if mark in seen:
            return "exact duplicate"
        return seen.add(mark)

    return each(judge)(documents)


def near_duplicates(threshold, ngram=3, words="regex"):
    """Keeps the first of documents whose word n-grams overlap by about `threshold` (MinHash LSH; Broder 1997).

    The hashes are datatrove's. Bands are chosen so that pairs at the threshold are found half the time:
    threshold ≈ (1 / bands) ^ (1 / rows).
    """

    def step(documents):
        from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

        bands, rows = bands_for(threshold)
        hasher = MinhashDedupSignature(
            os.devnull, MinhashConfig(n_grams=ngram, num_buckets=bands, hashes_per_bucket=rows), word_tokenizer(words)
        )
        buckets, parent = defaultdict(list), list(range(len(documents)))
        for i, document in enumerate(track.each(documents, "near duplicates")):
            shingles = hasher.get_shingles(document["text"])
            for band, signature in enumerate(hasher.get_signature(shingles) if shingles.size else []):
                buckets[band, tuple(signature)].append(i)
        for members in buckets.values():
            for i in members[1:]:
                a, b = _root(parent, members[0]), _root(parent, i)
                parent[max(a, b)] = min(a, b)
        first = {id(d): _root(parent, i) == i for i, d in enumerate(documents)}
        return each(lambda d: None if first[id(d)] else "near duplicate")(documents)

    return step


def bands_for(threshold, hashes=112):
    """(bands, rows) of about `hashes` hashes whose S-curve is steepest nearest to `threshold`."""
    options = [(hashes // rows, rows) for rows in range(2, 17)]
    return min(options, key=lambda o: abs((1 / o[0]) ** (1 / o[1]) - threshold))


def _root(parent, i):
    while parent[i] != i:
        parent[i] = i = parent[parent[i]]
    return i
