"""What is known of any text: where its sentences end."""

import re


def sentences(text):
    """Sentences of a text: lines, split after closing punctuation; the `author: ` of a post is cut off."""
    lines = (re.sub(r"^\w+: ", "", line) for line in text.splitlines())
    return [s.strip() for line in lines for s in re.split(r"(?<=[.!?])\s+", line) if s.strip()]
