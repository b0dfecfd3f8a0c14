"""The public web comes in politely: against a site on this machine, with every trap that we know."""

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from llmlab.data import clean, corpus, crawl, links, sites, web, webarchive
from llmlab.spine.errors import UserError

ROBOTS = "User-agent: *\nDisallow: /docs/secret/\nCrawl-delay: 0.05\n"
WORDS = "kettle filter lamp garden river stone bread window carpet engine paper candle bridge forest market button".split()


def prose(n):
    """A text that is like no other."""
    return " ".join(WORDS[(n * 7 + k * k) % len(WORDS)] + WORDS[(n + k) % len(WORDS)] for k in range(60)) + "."


def page(n, *hrefs, head="", text=None):
    anchors = "".join(f'<a href="{h}">on</a> ' for h in hrefs)
    return f"<html><head><title>{n}</title>{head}</head><body><main><p>{text or prose(n)}</p></main>{anchors}</body></html>"


TRAPS = (
    "calendar?month=1", "circle/a", "hop/0", "huge.html", "slow.html", "silent.html", "secret/plan.html", "noai.html", "noai_header.html",
    "latin.html", "missing.html", "flaky.html", "broken.html", "picture", "photo.jpg", "zipped.html", "brotli.html", "nofollow.html",
    "away", "not-gzip.html", "strange.html", "/elsewhere/page.html", "http://localhost:1/other.html", "mailto:jo@example.org", "a/b/a/b/a/b/a/b/x.html",
)  # fmt: skip


class Site(BaseHTTPRequestHandler):
    """A site with traps. It notes every request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *said):
        pass

    def do_GET(self):
        self.server.asked.append((time.monotonic(), self.path, self.headers["User-Agent"]))
        name = self.path.removeprefix("/docs/")
        if self.path == "/robots.txt":
            return self.answer(self.server.robots, "text/plain") if self.server.robots is not None else self.answer("", status=503)
        if name == "index.html":
            return self.answer(page(8, "p1.html"))
        if name == "":
            return self.answer(page(0, *(f"p{n}.html" for n in range(1, 7)), *TRAPS))
        if name.startswith("p") and name[1:2].isdigit():
            n = int(name[1:].split(".")[0])
            return self.answer(page(n, "index.html", f"p{n % 6 + 1}.html#part"))
        return getattr(self, "_" + "".join(c if c.isalpha() else "_" for c in name.partition("?")[0]), self.known)(name)

    def known(self, name):
        if name.startswith("circle/"):
            return self.to("b" if name.endswith("a") else "a")
        if name.startswith("hop/"):
            return self.to(str(int(name[4:]) + 1))
        if name in self.server.pages:
            return self.answer(*self.server.pages[name])
        self.answer("<p>not here</p>", status=404)

    def _calendar(self, name):
        month = int(name.partition("=")[2])
        self.answer(page(f"month {month}", f"calendar?month={month + 1}", text=f"No meetings in month {month}. " * 20))

    def _huge_html(self, name):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.drip(b"<p>" + b"x" * 65536, 1600, 0)

    def _slow_html(self, name):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.drip(b"<p>and on it goes", 100, 0.2)

    def _silent_html(self, name):
        self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"s", 100, 0.2)

    def drip(self, piece, times, pause):
        self.close_connection = True
        try:
            for _ in range(times):
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:  # the visitor has had enough
            pass

    def _noai_html(self, name):
        self.answer(page(50, head='<META NAME="Robots" content="NoAI, noimageai">'))

    def _noai_header_html(self, name):
        self.answer(page(51), headers={"X-Robots-Tag": "noai"})

    def _nofollow_html(self, name):
        self.answer(page(52, "hidden.html", head='<meta name="robots" content="nofollow">'))

    def _latin_html(self, name):
        self.answer(page(53, text="Das Café schließt um fünf. " * 20).encode("latin-1"), "text/html; charset=utf-8")

    def _flaky_html(self, name):
        seen = sum(path == self.path for _, path, _ in self.server.asked)
        self.answer(page(54), status=200 if seen > 2 else 503)

    def _broken_html(self, name):
        self.answer("<p>sorry</p>", status=500)

    def _picture(self, name):
        self.answer(b"\x89PNG", "image/png")

    def _zipped_html(self, name):
        self.answer(gzip.compress(page(55).encode()), headers={"Content-Encoding": "gzip"})

    def _brotli_html(self, name):
        self.answer(b"\x00" * 50, headers={"Content-Encoding": "br"})

    def _not_gzip_html(self, name):
        self.answer(page(56), headers={"Content-Encoding": "gzip"})

    def _strange_html(self, name):
        self.answer(
            b"\x00\xff<html><a href='http://[::'>x</a><a href='//'>y</a><base href='http://[bad'>",
            "text/html; charset=no-such",
            headers={"Retry-After": "²".encode().decode("latin-1")},
        )

    def _away(self, name):
        self.to("/elsewhere/there.html")

    def to(self, place):
        self.answer("", status=302, headers={"Location": place})

    def answer(self, body, kind="text/html", status=200, headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in dict({"Content-Type": kind, "Content-Length": len(body)}, **dict(headers)).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site(monkeypatch, tmp_path):
    """A running site; crawls lie in a folder of the test's own."""
    monkeypatch.setattr(crawl, "ROOT", tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked, server.robots, server.pages, server.daemon_threads = [], ROBOTS, {}, True
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


FAST = dict(pause=0.01, patience=1.5, largest=1_000_000)


@pytest.fixture
def fast(monkeypatch):
    """Seconds instead of minutes: the same manners on a smaller scale."""
    monkeypatch.setattr(crawl.crawl, "__defaults__", (0.01,))
    monkeypatch.setattr(web.Browser.__init__, "__defaults__", (False, FAST["patience"], FAST["largest"], 0.02))


def walk(site, pages=40, start="/docs/"):
    source = f"crawl:{site.url}{start}"
    return source, *crawl.crawl(source, crawl.Limits(pages, 10, private=True))


def names(urls):
    return {u.rpartition("/docs/")[2] for u in urls}


def test_a_crawl_brings_the_pages_and_says_of_every_trap_why_not(site, fast):
    _, _, taken, problems = walk(site)
    got = names(taken)
    assert {"", "index.html", "p1.html", "p6.html", "flaky.html", "zipped.html", "latin.html", "noai.html", "noai_header.html"} <= got
    assert len([n for n in got if n.startswith("calendar")]) == 4  # three alike, and the one that the third leads to
    assert not {n for n in got if n.startswith(("secret", "hidden", "huge", "slow", "picture", "photo", "a/"))}
    why = {p["file"].rpartition("/docs/")[2]: p["why"] for p in problems if "/docs/" in p["file"]}
    assert why["secret/plan.html"] == "robots.txt forbids the page"
    assert why["huge.html"] == "larger than 1 MB"
    assert why["slow.html"] == why["silent.html"] == "takes more than 2 seconds"
    assert why["broken.html"] == "status 500, 3 times"
    assert why["picture"] == "image/png, not a page"
    assert why["brotli.html"].startswith("compressed as br")
    assert why["hop/5"] == "redirected more than 5 times"
    counted = {p["why"].partition(" ")[2]: int(p["why"].split()[0]) for p in problems if "/docs/" not in p["file"]}
    assert counted["pages that say nofollow"] == 1
    assert counted["redirects to an address that is known"] == 1  # the circle
    assert counted["redirects out of the start address's folder"] == 1
    assert counted["links to what is, by its name, no page"] == 1
    assert counted["links out of the start address's folder"] == 3
    assert counted["links to addresses that are too long or go round in circles"] == 1


def test_a_crawl_has_manners(site, fast):
    walk(site)
    paths = [path for _, path, _ in site.asked]
    assert paths[:2] == ["/robots.txt", "/.well-known/tdmrep.json"]
    assert not [p for p in paths if "secret" in p or "elsewhere" in p or "hidden" in p]
    assert max(Counter(paths).values()) == 3  # of a page that fails
    assert {agent.split()[0].partition("/")[0] for *_, agent in site.asked} == {"llmlab"}
    times = [at for at, *_ in site.asked]
    gaps = [b - a for a, b in zip(times[2:], times[3:])]
    assert sorted(gaps)[len(gaps) // 2] >= 0.05  # the site's own crawl-delay, not our shorter one


@pytest.mark.parametrize("robots", [None, "User-agent: llmlab\nDisallow: /\n", "User-agent: *\nCrawl-delay: 3600\n"])
def test_a_site_that_forbids_or_cannot_be_asked_is_left_alone(site, fast, robots):
    site.robots = robots
    with pytest.raises(UserError, match="gave no page"):
        walk(site)
    assert {p for _, p, _ in site.asked} <= {"/robots.txt", "/.well-known/tdmrep.json"}


def test_phase_2_reads_a_crawl_and_a_second_run_asks_nobody(site, fast, tmp_path):
    source = f"crawl:{site.url}/docs/"
    out = corpus.collect(source, tmp_path / "raw", 1, pages=40, private=True)
    documents = corpus.read(tmp_path / "raw")
    by_name = {d["url"].rpartition("/docs/")[2]: d for d in documents}
    assert "latin.html" not in by_name and any("not in the encoding that it says" in p["why"] for p in out["problems"])
    assert prose(55) in by_name["zipped.html"]["html"]
    assert {d["source"] for d in documents} == {site.url.removeprefix("http://").replace(":", "_")}
    kept, dropped = clean.permission(documents)
    assert names(d["url"] for d in dropped) == {"noai.html", "noai_header.html"}
    assert "status 404" in {p["why"].rpartition(": ")[2] for p in out["problems"]}
    asked = len(site.asked)
    assert corpus.collect(source, tmp_path / "again", 1, pages=40, private=True) == out
    assert corpus.read(tmp_path / "again") == corpus.read(tmp_path / "raw")
    smaller = corpus.collect(source, tmp_path / "smaller", 1, pages=5, private=True)
    assert smaller["documents"] == 5 and len(site.asked) == asked


def test_what_could_not_be_asked_is_asked_again_next_time(site, fast):
    site.robots = None
    with pytest.raises(UserError, match="gave no page"):
        walk(site)
    site.robots = ROBOTS
    assert len(walk(site)[2]) > 12


def test_rules_that_are_hostile_or_elsewhere(site, fast, tmp_path, monkeypatch):
    monkeypatch.setattr(webarchive, "LARGEST", 100_000)
    site.pages["start.html"] = (page(80, "bomb.html", "far.html", "p1.html"), "text/html")
    site.pages["bomb.html"] = (gzip.compress(b"<p>" + b"x" * 5_000_000), "text/html", 200, {"Content-Encoding": "gzip"})
    site.pages["far.html"] = ("", "text/html", 302, {"Location": f"http://{'a' * 300}/"})
    for tdmrep, kept in (
        ('[{"location": "\\ud800", "tdm-reservation": 0}]', 1),
        ("[" * 100_000, 0),
        ('[{"location": "/docs/p*", "tdm-reservation": 1}]', 1),
    ):
        site.pages["/.well-known/tdmrep.json"] = (tdmrep, "application/json")
        monkeypatch.setattr(crawl, "ROOT", tmp_path / str(len(tdmrep)))
        source = f"crawl:{site.url}/docs/start.html"
        out = corpus.collect(source, tmp_path / "raw", 1, pages=40, private=True)
        assert any("expands to more than" in p["why"] for p in out["problems"])
        stay, _ = clean.permission(corpus.read(tmp_path / "raw"))
        assert ("start.html" in names(d["url"] for d in stay)) == bool(kept)


def test_a_larger_budget_goes_on_where_the_smaller_one_ended(site, fast):
    walk(site, pages=4)
    before = Counter(path for _, path, _ in site.asked)
    _, _, taken, _ = walk(site, pages=40)
    after = Counter(path for _, path, _ in site.asked)
    assert all(after[p] == n for p, n in before.items() if p.startswith("/docs/p") or p in ("/docs/", "/robots.txt"))
    assert len(taken) > 12


KILLED = """
import sys, pathlib
sys.path.insert(0, {tests!r})
from llmlab.data import crawl
crawl.ROOT = pathlib.Path({root!r})

crawl.crawl({source!r}, crawl.Limits(40, 10, private=True), pause=0.05)
"""


def test_a_killed_crawl_goes_on(site, fast, tmp_path, monkeypatch):
    whole = walk(site)[2]
    source, root = f"crawl:{site.url}/docs/", tmp_path / "second"
    code = KILLED.format(tests=os.getcwd(), root=str(root), source=source)
    monkeypatch.setattr(crawl, "ROOT", root)
    index = crawl.home(source) / "index.jsonl"
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: index.exists() and len(index.read_bytes().splitlines()) > 6)
    process.send_signal(signal.SIGKILL)
    process.wait()
    archive = next((crawl.home(source) / "sites").glob("*/pages.warc.gz"))
    with open(archive, "ab") as stream:
        stream.write(b"\x1f\x8b\x08 half a record")
    with open(index, "ab") as stream:
        stream.write(b'{"site": "half a ro')
    known = {row["url"] for row in sites.index(crawl.home(source))}
    site.asked.clear()
    _, folder, taken, _ = walk(site)
    assert taken == whole and known
    assert not known & {site.url + path for _, path, _ in site.asked}
    texts = corpus.collect(source, tmp_path / "raw", 1, pages=40, private=True)
    assert texts["documents"] == len(whole) - 2  # two are not in the encoding that they say
    assert not [p for p in texts["problems"] if "damaged" in p["why"]]


def wait_for(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_private_addresses_are_refused_however_one_comes_to_them(site, fast, monkeypatch):
    for address in (
        site.url,
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.1.1/",
        "http://192.168.0.1/",
        "http://[::ffff:10.0.0.1]/",
    ):
        with pytest.raises(UserError, match="private"):
            crawl.check(f"crawl:{address}", private=False)
    with pytest.raises(UserError, match="private address"):  # a name that points here
        crawl.crawl(f"crawl:{site.url.replace('127.0.0.1', 'localhost')}/docs/", crawl.Limits(5))
    assert not site.asked
    monkeypatch.setattr(web, "_is_public", lambda a: str(a) == "127.0.0.1")
    site.pages["start.html"] = (page(70, "in.html"), "text/html")
    port = site.url.rpartition(":")[2]
    site.pages["in.html"] = ("", "text/html", 302, {"Location": f"http://127.0.0.2:{port}/docs/p1.html"})
    site.pages["moved.html"] = site.pages["in.html"]
    assert names(walk_public(site, "/docs/start.html")[2]) == {"start.html"}
    with pytest.raises(UserError, match="127.0.0.2, a private address"):
        walk_public(site, "/docs/moved.html")


def walk_public(site, start):
    source = f"crawl:{site.url}{start}"
    return source, *crawl.crawl(source, crawl.Limits(5))


def test_a_sitemap_names_the_pages_and_nothing_else_is_visited(site, fast):
    pages = "".join(f"<url><loc>{site.url}/docs/p{n}.html</loc></url>" for n in (1, 2, 3))
    away = "<url><loc>https://example.org/</loc></url>"
    names_ = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
    site.pages["map.xml.gz"] = (gzip.compress(f"<urlset {names_}>{pages}{away}</urlset>".encode()), "application/x-gzip")
    site.pages["sitemap.xml"] = (
        f"<sitemapindex {names_}><sitemap><loc>{site.url}/docs/map.xml.gz</loc></sitemap></sitemapindex>", "application/xml",
    )  # fmt: skip
    _, _, taken, problems = walk(site, start="/docs/sitemap.xml")
    assert names(taken) == {"p1.html", "p2.html", "p3.html"}
    assert [p["why"] for p in problems] == ["1 addresses in a sitemap that lie on other sites"]


@pytest.mark.parametrize("source", ["crawl", "crawl:", "crawl:example.org", "crawl:ftp://example.org", "crawl:https://a.org what"])
def test_a_source_without_addresses_is_an_error(source):
    with pytest.raises(UserError, match="no address"):
        links.starts(source)


def test_two_addresses_may_stand_between_spaces_or_commas():
    assert links.starts("crawl:https://A.org/x#y, https://b.org") == ["https://a.org/x", "https://b.org/"]
    assert links.starts("crawl:https://a.org/?q=1,2 https://b.org/") == ["https://a.org/?q=1,2", "https://b.org/"]
