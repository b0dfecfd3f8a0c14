"""May we? What a site or an author forbids, and under which licence a document stands. In doubt, no.

Sources: RFC 9309 (robots.txt), the `noai` convention in meta tags and X-Robots-Tag, TDMRep (W3C, 2024), SPDX licence expressions.
"""

import fnmatch
import functools
import json
import re
from urllib.parse import urlsplit

AGENT = "llmlab"
NO = ("noai", "noimageai")
COMMONS = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?", re.I)
NAMES = {
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "mit license": "MIT", "bsd": "BSD-3-Clause", "cc0": "CC0-1.0",
    "public domain": "CC-PDM-1.0", "publicdomain": "CC-PDM-1.0",
}  # fmt: skip
NONE = "none stated"


def judge(document, allowed=()):
    """The reason why a document must not be used, None if there is none; its licences are written into it.

    Args:
        allowed: SPDX names of licences, * for any ending (CC-BY-4.0, CC-BY-SA-*); nothing for no rule.
    """
    page = parsed(document["html"]) if "html" in document else None
    document["licence"] = licences(document, page)
    return forbidden(document, page) or _excluded(document["licence"], allowed)


def forbidden(document, page=None):
    """What its site or its author says against it, None if nothing. `page` is its parsed HTML."""
    robots, url = document.get("robots"), document.get("url", "")
    if robots and not robots_rules(robots).can_fetch(url, AGENT):
        return "robots.txt forbids the page"
    if found := next((d for d in directives(document, page) if d in NO), None):
        return f"the page says {found}"
    header = [value for name, value in document.get("headers", ()) if name == "tdm-reservation"]
    if any(_reserves(value) for value in (*header, *_meta(page, "tdm-reservation"))):
        return "the page reserves text and data mining"
    if _reserved_by_site(document.get("tdmrep", ()), urlsplit(url).path or "/"):
        return "the site reserves text and data mining"
    return None


def directives(document, page):
    """What a page tells robots, in its headers and its meta tags: noai, nofollow, …"""
    return [*_header_directives(document), *_meta_directives(page)]


@functools.lru_cache(maxsize=256)
def robots_rules(text):
    """A parsed robots.txt."""
    from protego import Protego

    return Protego.parse(text.removeprefix("\ufeff"))


def parsed(html):
    """The page as a browser would read it; None if there is nothing in it."""
    from lxml import etree
    from lxml.html import document_fromstring

    try:
        return document_fromstring(html.encode("utf-8", "replace"), parser=_parser())
    except (etree.ParserError, ValueError):
        return None


@functools.cache
def _parser():
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True)


def _meta(page, *names):
    """Contents of the meta tags of a page by any of their names, however it is written; of all of them without names."""
    for tag in page.iter("meta") if page is not None else ():
        called = {(tag.get(k) or "").strip().lower() for k in ("name", "property", "http-equiv")}
        if not names or called & set(names):
            yield (tag.get("content") or "").strip().lower()


def _meta_directives(page):
    """The words of all meta tags that are lists of directives: a mark for robots is meant whatever robot it names."""
    for content in _meta(page):
        words = re.split(r"[\s,;]+", content)
        if len(words) <= 12:  # a description may speak about noai
            yield from words


def _header_directives(document):
    """Directives of X-Robots-Tag that are meant for all robots or for us."""
    for name, value in document.get("headers", ()):
        agent = ""
        for part in value.lower().split(",") if name == "x-robots-tag" else ():
            head, colon, rest = part.partition(":")
            if colon and head.strip() not in ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"):
                agent, part = head.strip(), rest
            if agent in ("", "*", AGENT):
                yield part.strip()


def _reserves(value):
    return value.strip().lower() not in ("", "0")


def _reserved_by_site(rules, path):
    """Whether the longest location of tdmrep.json that fits a path is reserved."""
    fits = [r for r in rules if re.match(_pattern(r["location"]), path)]
    return bool(fits) and _reserves(str(max(fits, key=lambda r: len(r["location"].rstrip("*$")))["tdm-reservation"]))


def _pattern(location):
    end = location.endswith("$")
    return re.escape(location.removesuffix("$")).replace(r"\*", ".*") + ("$" if end else "")


# --- licences -------------------------------------------------------------------------------------------------------------------------
def licences(document, page=None):
    """SPDX names of the licences that a document stands under, as a sorted list; [] if none is stated.

    From its column or package (a text, a list, or nothing), and of a page from its links, its meta tags and its JSON-LD.
    """
    said = document.get("licence") or []
    found = [said] if isinstance(said, str) else [s for s in said if isinstance(s, str)] if isinstance(said, list) else [str(said)]
    if page is not None:
        found += [a.get("href") or "" for a in page.iter("a", "link") if "license" in (a.get("rel") or "").lower().split()]
        found += [a.get("href") for a in page.iter("a", "link") if COMMONS.search(a.get("href") or "")]
        found += _meta(page, "license", "dc.rights", "dcterms.license", "dcterms.rights")
        found += [
            name for script in page.iter("script") if "ld+json" in (script.get("type") or "").lower() for name in _linked(script.text)
        ]
    return sorted({_spdx(f) for f in found if f.strip()})


def _linked(text):
    """Values of `license` anywhere in a JSON-LD block."""
    try:
        open_ends = [json.loads(text or "null")]
    except (ValueError, RecursionError):
        return
    while open_ends:
        node = open_ends.pop()
        if isinstance(node, dict):
            said = node.get("license")
            for value in said if isinstance(said, list) else [said]:
                value = value.get("url") or value.get("@id") or value.get("name") if isinstance(value, dict) else value
                if isinstance(value, str):
                    yield value
        open_ends += list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _spdx(text):
    """A licence by its SPDX name where it is one that we know in another form."""
    if commons := COMMONS.search(text):
        kind, name, version = commons.groups()
        if kind.lower() == "publicdomain":
            return "CC0-1.0" if name.lower() == "zero" else "CC-PDM-1.0"
        return f"CC-{name.upper()}-{version or '4.0'}"
    return NAMES.get(" ".join(text.lower().split()), " ".join(text.split())[:80])


def _excluded(found, allowed):
    """The reason why the licences of a document keep it out, None if they do not. All of them have to be allowed."""
    if not allowed:
        return None
    if not found:
        return "no licence is stated"
    return next((f"licence {name}" for name in found if not _allows(name, tuple(a.lower() for a in allowed))), None)


@functools.lru_cache(maxsize=4096)
def _allows(expression, allowed):
    """Whether an SPDX expression is allowed: of A OR B one has to be, of A AND B both."""
    from license_expression import ExpressionError, get_spdx_licensing

    try:
        tree = get_spdx_licensing().parse(expression)
    except ExpressionError:
        tree = None
    if tree is None or not getattr(tree, "args", ()):
        return any(fnmatch.fnmatch(expression.lower(), a) for a in allowed)
    each = [_allows(str(part).strip("()"), allowed) for part in tree.args]
    return any(each) if "OR" in tree.operator.strip().upper() else all(each)
