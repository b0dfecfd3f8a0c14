"""Repairing what was damaged on its way, and nothing else: a text that is whole comes out as it went in, in any script."""

import functools
import re
import unicodedata

import ftfy
import regex

APART = regex.compile(r"\P{M}\p{M}+|[\u1100-\u11ff]+")  # a letter with marks, and the letters of a Korean syllable


@functools.cache
def _repairs():
    """Of ftfy's repairs those of encoding, line ends and control characters. The others change quotes, ligatures, wide letters and
    entities, which may be meant; Unicode is composed by `_composed`."""
    return ftfy.TextFixerConfig(
        unescape_html=False, fix_latin_ligatures=False, fix_character_width=False, uncurl_quotes=False, normalization=None
    )


def repaired(text):
    """A text without mojibake, broken line ends and control characters, with composed letters and no blank lines around it."""
    return re.sub(r"\A(?:[^\S\n]*\n)+|\s+\Z", "", _composed(ftfy.fix_text(text, _repairs())))


def _composed(text):
    """Letters and their marks as one character where there is one. NFC would also exchange single characters for others (the ohm sign,
    Chinese and Korean variants) and take some of Hindi apart."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return APART.sub(lambda m: min(unicodedata.normalize("NFC", m[0]), m[0], key=len), text)
