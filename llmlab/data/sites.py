"""What a crawl brought home: one web archive per site, and an index in the order of the walk.

A response counts once the index has its place, so a kill leaves at most a record that is cut back.
"""

import io
import json
import os
from pathlib import Path


class Archive:
    """The responses of one site as WARC (ISO 28500), each compressed by itself: `url in archive`, `archive.read(url)`."""

    def __init__(self, home, site):
        self.path, self.index, self.site = Path(home) / "sites" / _name(site) / "pages.warc.gz", Path(home) / "index.jsonl", site
        here = [row for row in index(home) if _name(row["site"]) == _name(site)]
        self.rows = {row["url"]: row for row in here if row["site"] == site}
        if self.path.exists():
            with open(self.path, "r+b") as stream:
                stream.truncate(max((row["offset"] + row["length"] for row in here), default=0))

    def __contains__(self, url):
        return url in self.rows

    def size(self, url):
        """Bytes of the body of a response, as it was sent."""
        return self.rows[url]["bytes"]

    def read(self, url):
        """The record of an address."""
        from warcio.archiveiterator import ArchiveIterator

        with open(self.path, "rb") as stream:
            stream.seek(self.rows[url]["offset"])
            alone = io.BytesIO(stream.read(self.rows[url]["length"]))
        return next(iter(ArchiveIterator(alone)))

    def write(self, response, page):
        """Adds a response; `page` says whether it counts as one."""
        record = _record(response)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as stream:
            row = {
                "site": self.site,
                "url": response.url,
                "offset": stream.tell(),
                "length": len(record),
                "bytes": len(response.body),
                "page": page,
            }
            _append(stream, record)
        with open(self.index, "ab") as stream:
            _append(stream, json.dumps(row).encode() + b"\n")
        self.rows[response.url] = row


def index(home):
    """The rows of a crawl's index, but for the rest of a row that a kill left."""
    path = Path(home) / "index.jsonl"
    content = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def repair(home):
    """Cuts back the rest of a row that a kill left; nobody else may be writing."""
    path = Path(home) / "index.jsonl"
    if path.exists():
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)


def within(home, pages, megabytes):
    """Addresses of the first pages of a crawl, up to a number and a size: what a smaller crawl would have brought."""
    taken, size = set(), 0
    for row in index(home):
        if row["page"] and len(taken) < pages and size < megabytes * 1e6:
            taken.add(row["url"])
            size += row["bytes"]
    return taken


def _record(response):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import BufferWARCWriter

    headers = [(k, v) for k, v in response.headers if k.lower() not in ("transfer-encoding", "content-length", "set-cookie")]
    writer = BufferWARCWriter(gzip=True)
    status = StatusAndHeaders(str(response.status), [*headers, ("Content-Length", str(len(response.body)))], protocol="HTTP/1.1")
    writer.write_record(writer.create_warc_record(response.url, "response", payload=io.BytesIO(response.body), http_headers=status))
    return writer.get_contents()


def _append(stream, content):
    stream.write(content)
    stream.flush()
    os.fsync(stream.fileno())


def _name(site):
    """A site as the name of a folder."""
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in site).strip(".") or "site"
