"""Addresses: in their plain form, on pages, in sitemaps, and those that are no use to follow."""

import mimetypes
import re
import zlib
from collections import Counter
from urllib.parse import urlsplit

import httpx

from llmlab.data.web import Unfetched
from llmlab.spine.errors import UserError

TYPES = mimetypes.MimeTypes(filenames=())
TEXTS = (None, "text/html", "text/plain", "application/xhtml+xml")
LARGEST_MAP = 50_000_000  # bytes of a sitemap, as sitemaps.org has it
FIX = "llmlab run RUN -p 'source=crawl:https://SITE/FOLDER/'"


def starts(source):
    """The start addresses of "crawl:ADDRESS ADDRESS", between spaces or commas; an error if one of them is none."""
    said = re.split(r"[\s,]+(?=https?:)|\s+", source.removeprefix("crawl").removeprefix(":").strip())
    found = [address("", name) for name in said]
    if None in found:
        raise UserError(
            f"source = {source!r}: {said[found.index(None)]!r} is no address of a page",
            "addresses of pages or sitemaps that begin with http:// or https://, with a space between them",
            FIX,
        )
    return found


def address(base, href):
    """An address in its plain form, None if it is none of a page."""
    try:
        url = httpx.URL(base).join(href.strip()) if base else httpx.URL(href)
        if (
            url.scheme not in ("http", "https")
            or not url.host
            or url.userinfo
            or len(url.raw_host) > 253
            or max(map(len, url.raw_host.split(b"."))) > 63
        ):
            return None
        plain = urlsplit(str(url))
        return plain._replace(path=plain.path or "/", fragment="").geturl()
    except (httpx.InvalidURL, ValueError):
        return None


def place(url):
    """The site and the folder of an address."""
    return urlsplit(url).netloc, urlsplit(url).path.rpartition("/")[0] + "/"


def within(url, scope):
    """Whether an address lies in a folder of a site."""
    return urlsplit(url).netloc == scope[0] and urlsplit(url).path.startswith(scope[1])


def is_trap(url):
    """Whether an address has grown like those of sites that link in circles."""
    segments = Counter(filter(None, urlsplit(url).path.split("/")))
    return len(url) > 500 or max(segments.values(), default=0) > 3


def is_no_page(url):
    """Whether an address ends like that of a picture, a film or a program."""
    return TYPES.guess_type(urlsplit(url).path)[0] not in TEXTS


def on_page(page, url):
    """Addresses that a page links to, None for what is no address of a page."""
    base = next((b.get("href") for b in page.iter("base") if b.get("href")), "")
    base = address(url, base) or url
    for link in page.iter("a", "area"):
        if (href := link.get("href")) and "nofollow" not in (link.get("rel") or "").lower().split():
            yield address(base, href)


def sitemap(body):
    """A sitemap, compressed or not, as XML without entities."""
    from lxml import etree

    try:
        if body[:2] == b"\x1f\x8b":
            body = zlib.decompressobj(31).decompress(body, LARGEST_MAP)
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, zlib.error, ValueError) as error:
        raise Unfetched(f"neither a page nor a sitemap: {str(error)[:100]}") from None
