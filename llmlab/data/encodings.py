"""Bytes to text: in the encoding that is named, or that a detector is sure of; otherwise not at all."""

import codecs
import re

SURE = 0.15  # chardet 7 gives 0.2 and more to a paragraph that it gets right, even in the Western encodings that look alike; less to a word
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Undecodable(ValueError):
    """Bytes that are no text in any encoding that is named or certain; the message says why."""


def decode(raw, book, named=None):
    """The text of bytes: by their byte-order mark, else in the encoding that is `named`, else UTF-8, else by detection, which is noted.

    Args:
        book: of the file (`formats.Book`).
        named: what a header or the file itself says, by any label of the WHATWG's encoding standard, where Latin-1 is Windows-1252.
    """
    if marked := next((encoding for mark, encoding in MARKS if raw.startswith(mark)), None):
        return _strictly(raw, marked)
    if named:
        return _strictly(raw, _canonical(named))
    if b"\0" not in raw:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            if mostly_utf8(raw):
                raise Undecodable("not UTF-8 (a few bytes of it)") from None
    encoding = _detected(raw)
    text = _strictly(raw, encoding)
    book.note(f"read as {encoding}: it does not say so, but a detector is sure")
    return text


def lenient(raw, book):
    """As `decode`, but where a file is UTF-8 but for some bytes these become half characters, so that only their lines are lost."""
    try:
        return decode(raw, book)
    except Undecodable:
        if b"\0" in raw:
            raise
        return raw.decode("utf-8", "surrogateescape")


def named_in(page):
    """The encoding that a page names in its head, None if it names none."""
    found = re.search(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]+)""", page[:4096], re.I)
    found = found or re.match(rb"""\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.:-]+)""", page[:200], re.I)
    label = found and found[1].decode("ascii")
    return "utf-8" if label and label.lower().startswith("utf-16") else label  # one who can read this is not reading UTF-16 (WHATWG)


def mostly_utf8(raw):
    """Whether most of what is not ASCII is whole characters of UTF-8: a damaged file of that encoding, and none in another."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(c > "\x7f" for c in text) - broken > broken


def _canonical(label):
    import webencodings

    found = webencodings.lookup(label.strip())
    if found is None:
        raise Undecodable(f"there is no encoding {label.strip()[:40]!r}")
    return found.codec_info.name


def _detected(raw):
    import chardet

    guess = chardet.detect(raw[:200_000])
    if guess["encoding"] and guess["confidence"] >= SURE:
        return guess["encoding"]
    raise Undecodable("binary, not text" if b"\0" in raw[:4096] else "not UTF-8, and of no encoding that can be told for certain")


def _strictly(raw, encoding):
    try:
        text = raw.decode(encoding)
    except (UnicodeError, LookupError):
        raise Undecodable(f"not in the encoding that it says, {encoding}") from None
    if "\0" in text:
        raise Undecodable("binary, not text")
    return text
