"""The main text of a web page, by trafilatura, without what it would take away: joiners, raised digits, the place of the title."""

import re
import unicodedata
from html import unescape

PRUNE = ["//blockquote", "//*[@class='signature']", "//*[contains(@class, 'cookie')]"]  # not part of a post
RAISED = re.compile(r"<(sup|sub)\b[^>]*>\s*([-−+]?\d+)\s*</\1>", re.I)
ENTITY = re.compile(r"&(?:zwnj|zwj|lrm|rlm|shy|#\d{3,6}|#x[\da-f]{2,5});", re.I)


def main_text(page):
    """The text of a page's HTML, a line per paragraph, the title first; menus, banners, quotes and signatures go."""
    from trafilatura import extract

    page, unveil = _veiled(RAISED.sub(_raised, page))
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.S)
    title = unescape(re.sub(r"<[^>]+>", "", heading[1])).strip() if heading else ""
    text = extract(page, favor_precision=True, include_comments=False, deduplicate=False, prune_xpath=PRUNE) or ""
    lines = [line for line in text.splitlines() if line.strip()]
    if title and lines:  # it puts the title anywhere
        at = next((n for n, line in enumerate(lines) if line.strip() == title), None)
        lines = [title, *(line for n, line in enumerate(lines) if n != at)]
    return "\n".join(lines).translate(unveil)


def _raised(match):
    """Digits above and below the line as the characters that they are: 2<sup>10</sup> is not 210."""
    digits = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻" if match[1].lower() == "sup" else "₀₁₂₃₄₅₆₇₈₉₊₋"
    return match[2].replace("−", "-").translate(str.maketrans("0123456789+-", digits))


def _veiled(page):
    """A page whose joiners and other characters of format are veiled, since trafilatura deletes them, and the table that unveils them.

    They change words (Persian, Hindi), flags and the direction of reading. Stand-ins are letters of Linear A that the page does not hold.
    """
    page = ENTITY.sub(lambda m: c if unicodedata.category(c := unescape(m[0])[0]) == "Cf" else m[0], page)
    letters = set(page)
    formats = sorted(c for c in letters if unicodedata.category(c) == "Cf")
    veil = dict(zip(formats, (c for c in map(chr, range(0x10600, 0x10737)) if c not in letters)))
    return page.translate(str.maketrans(veil)), str.maketrans({v: k for k, v in veil.items()})
