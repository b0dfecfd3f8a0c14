"""What is known of any text: where its sentences end, and which words it holds."""

import re

import regex

UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"  # no spaces between words: a character counts as one
)
PLAIN = regex.compile(r"[-−+]?\d+(?:[.,]\d+)*|" + UNSPACED + r"|[^\W\d_][\w\p{M}]*")


def sentences(text):
    """Sentences of a text: lines, split after closing punctuation; the `author: ` of a post is cut off."""
    lines = (re.sub(r"^\w+: ", "", line) for line in text.splitlines())
    return [s.strip() for line in lines for s in re.split(r"(?<=[.!?])\s+", line) if s.strip()]


def words_of(text):
    """Words and numbers with their signs, of any script, in one case and without punctuation."""
    return PLAIN.findall(text.lower())
