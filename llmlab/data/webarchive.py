"""Web archives (WARC, ISO 28500): the pages in them, what their sites allow, and the reason for every record that is passed over."""

import gzip
import json
import re
from collections import Counter
from urllib.parse import urljoin, urlsplit

from llmlab.data import encodings

PAGES = ("text/html", "application/xhtml+xml")
TEXTS = (*PAGES, "text/plain")
MAPS = ("text/xml", "application/xml", "application/gzip", "application/x-gzip")  # sitemaps
CUT = re.compile(rb"Content-Length: \d+\r\n\r\n\Z", re.I)  # the end of a header, not of a record
ROBOTS, TDMREP = "/robots.txt", "/.well-known/tdmrep.json"
WELL_KNOWN = {ROBOTS: "robots", TDMREP: "tdmrep"}
RESERVED = [{"location": "*", "tdm-reservation": 1}]
LARGEST = 50_000_000  # bytes of a page, decompressed
SIGNALS = ("x-robots-tag", "tdm-reservation")
FORBIDDEN = "User-agent: *\nDisallow: /"  # robots rules of a site that we cannot ask


def read(path, columns, book):
    """(number of the record, document) of the pages and texts of an archive, compressed record by record, as a whole, or not at all.

    Robots rules and reservations of a site may stand anywhere in it, so pages are held until the end.
    """
    pages, sites, others, moved = [], book.problems.sites, Counter(), []
    for n, record in _records(path, book):
        url = record.rec_headers.get_header("WARC-Target-URI") or ""
        try:
            site, place = urlsplit(url).netloc.lower(), urlsplit(url).path
            if record.rec_type not in ("response", "resource", "conversion"):
                others[f"records of type {record.rec_type}, which hold no page of their own"] += 1
            elif place in WELL_KNOWN and target(record):
                moved.append((site, WELL_KNOWN[place], urlsplit(urljoin(url, target(record)))))
            elif place == ROBOTS:
                sites.setdefault(site, {})["robots"] = rules(record)
            elif place == TDMREP:
                sites.setdefault(site, {})["tdmrep"] = _reservations(record)
            elif 300 <= status(record) < 400:
                others["redirects, whose targets stand for themselves"] += 1
            else:
                pages.append((n, url, page(record, book)))
        except (EOFError, OSError) as error:
            book.problem(n, f"{url}: {error or 'ends early'}; what follows in the archive is not read")
            break
        except ValueError as error:
            book.problem(n, f"{url}: {error}")
    for site, kind, to in moved:
        if WELL_KNOWN.get(to.path) == kind and kind in sites.get(to.netloc.lower(), {}):
            sites.setdefault(site, {}).setdefault(kind, sites[to.netloc.lower()][kind])
    for kind, count in sorted(others.items()):
        book.problem(0, f"{count} {kind}")
    for n, url, content in pages:
        yield n, under_rules({"url": url, **content}, sites)


def under_rules(document, sites):
    """A document with what its site forbids, as far as that has been read (see `formats.Problems`)."""
    return {**document, **sites.get(urlsplit(document["url"]).netloc.lower(), {})}


def is_rules(url):
    """Whether an address holds what a site forbids, and no page."""
    return urlsplit(url).path in WELL_KNOWN


def is_wanted(response):
    """Whether a response may be a page, a sitemap or a site's rules; of what is an error or a redirect the record says enough."""
    return response.status != 200 or is_rules(response.url) or response.kind in (*TEXTS, *MAPS)


class Passed(ValueError):
    """Why a record is no document."""


def _records(path, book):
    """(number, record) of an archive; one that is cut off or damaged ends with a problem at that record."""
    from warcio.archiveiterator import ArchiveIterator

    n = 0
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = _Stepwise(gzip.open(raw) if zipped else raw)
        try:
            for n, record in enumerate(ArchiveIterator(stream), 1):
                yield n, record
            if (
                stream.broken or not stream.tail.endswith(b"\r\n\r\n") or CUT.search(stream.tail)
            ):  # warcio takes an end before its time for the end
                raise stream.broken or EOFError("the archive ends within a record")
        except Exception as error:  # warcio raises what its streams raise
            book.problem(n + 1, f"damaged: {(str(error).splitlines() or [type(error).__name__])[0][:120]}")


class _Stepwise:
    """A stream that gives out what it has before it complains that it is cut off, and remembers the complaint."""

    def __init__(self, stream):
        self.stream, self.broken, self.tail = stream, None, b""

    def read(self, size):
        try:
            found = self.stream.read1(size)
        except Exception as error:
            self.broken = error
            raise
        self.tail = (self.tail + found[-40:])[-40:]
        return found


def body(record):
    """The payload, decompressed; an error if it is not as long as the record says."""
    raw, stream, content = record.raw_stream, record.content_stream(), bytearray()
    while piece := stream.read(65_536):
        content += piece
        if len(content) > LARGEST:
            raise Passed(f"expands to more than {LARGEST // 1_000_000} MB")
    while raw.read():  # what stands behind a compressed or chunked body
        pass
    if getattr(raw, "limit", 0):  # warcio counts down what is still to come
        raise EOFError("the archive ends within the record")
    if cut := record.rec_headers.get_header("WARC-Truncated"):
        raise Passed(f"cut off by the crawler ({cut})")
    return bytes(content)


def status(record):
    """The HTTP status of a record; a resource has none, and is there."""
    return int(record.http_headers.get_statuscode() or 0) if record.http_headers else 200


def kind(record):
    """The media type of a record in lower case."""
    headers = record.http_headers or record.rec_headers
    return (headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()


def target(record):
    """Where a redirect leads, None if it is none."""
    return record.http_headers.get_header("Location") if record.http_headers and 300 <= status(record) < 400 else None


def rules(record):
    """A robots.txt as its RFC 9309 has it: where the server fails nothing is allowed, where there is none everything."""
    if status(record) >= 500:
        return FORBIDDEN
    # Rules are in plain letters: a strange byte in a comment must not make them void.
    return body(record).decode("utf-8-sig", errors="replace") if status(record) < 300 else ""


def _reservations(record):
    """The rules of TDMRep (W3C, 2024): [{"location", "tdm-reservation"}]. A file that cannot be read reserves everything."""
    if status(record) != 200:
        return RESERVED if status(record) >= 500 else []
    try:
        found = json.loads(body(record).decode("utf-8-sig"))
        plain = lambda value: str(value).encode("utf-8", "replace").decode()[:500]  # noqa: E731
        return [{"location": plain(r["location"]), "tdm-reservation": plain(r["tdm-reservation"])} for r in found]
    except (ValueError, TypeError, KeyError, RecursionError):
        return RESERVED


def page(record, book):
    """{"html" or "text", signals} of a record; a ValueError says why it is no page."""
    if status(record) not in (200, 203):
        raise Passed(f"status {status(record)}")
    headers, found = record.http_headers or record.rec_headers, kind(record)
    if found not in TEXTS:
        raise Passed(f"{found or 'of no stated type'}, not a page")
    encoding = (headers.get_header("Content-Encoding") or "").strip().lower()
    if encoding not in ("", "identity", "gzip", "deflate", "br"):
        raise Passed(f"compressed as {encoding}")
    content = body(record)
    named = _charset(headers.get_header("Content-Type")) or (encodings.named_in(content) if found in PAGES else None)
    text = encodings.decode(content, book, named)
    said = [(k.lower(), v) for k, v in headers.headers if k.lower() in SIGNALS]
    return {"html" if found in PAGES else "text": text, **({"headers": said} if said else {})}


def _charset(parameters):
    """The charset of a Content-Type header."""
    for parameter in parameters.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
