"""A crawl of the public web: from start addresses or sitemaps into web archives, one per site, breadth first and one page at a time.

A crawl lies beside the runs, in `crawls/`, since it is made once and read often. Its archives are its memory: going on after a kill,
or with a larger budget, is the same walk again, in which what an archive holds is read there and not asked for.

Sources: RFC 9309 (robots.txt), sitemaps.org, ISO 28500 (WARC); `Crawl-delay` as Protego reads it.
"""

import contextlib
import datetime
import fcntl
import hashlib
import re
import time
import zlib
from collections import Counter, deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from llmlab.data import formats, links, permission, sites, web, webarchive
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import ROOT

PAUSE = 1.0  # seconds between two requests to a site, if its robots.txt asks for no more
LONGEST_DELAY = 60.0  # a site that asks for more than that between two pages does not want to be crawled
DEEPEST = 30  # links from a start address
REDIRECTS = 5
ALIKE = 3  # pages that differ in numbers only, until their links are no longer followed: a calendar has no end
PER_PAGE = 3  # requests per page of the budget, after which we are in a trap
SILENT = 5  # requests in a row without an answer, after which a site is left alone


@dataclass(frozen=True)
class Limits:
    """How much of the web to bring home, and whether private addresses belong to it."""

    pages: int = 500
    megabytes: float = 100.0
    private: bool = False


def check(source, private):
    """An error, before any request, for a source that names no address, or a private one that may not be visited."""
    for url in links.starts(source):
        host = urlsplit(url).hostname
        if not private and (host == "localhost" or web.is_private(host)):
            raise UserError(
                f"{url} is an address of this machine or of a private network",
                "public addresses, or crawl_private=true",
                "llmlab run RUN -p crawl_private=true",
            )


def home(source):
    """The folder of the crawl of a source. This begins it, without a request: what reads a crawl depends on when it was begun."""
    starts = links.starts(source)
    name = f"{urlsplit(starts[0]).hostname}-{hashlib.sha256(' '.join(starts).encode()).hexdigest()[:8]}"
    path = ROOT / "crawls" / name
    if not (path / "begun.json").exists():
        write_json(path / "begun.json", {"begun": datetime.datetime.now().isoformat(timespec="seconds"), "addresses": starts})
    return path


def crawl(source, limits, pause=PAUSE, **browser):
    """Brings the pages of a source home, as far as they are not there.

    Args:
        pause: seconds between two requests to a site.
        browser: limits on one page, as `web.Browser` has them.

    Returns: (folder of web archives, addresses of the pages within the limits, problems [{"file", "line", "why"}]).
    """
    path = home(source)
    done = read_json(path / "crawl.json") if (path / "crawl.json").exists() else {}
    enough = done.get("complete") or (limits.pages <= done.get("pages", -1) and limits.megabytes <= done.get("megabytes", -1))
    if not enough or done.get("private") != limits.private:
        with _alone(path), web.Browser(limits.private, **browser) as client:
            sites.repair(path)
            done = _Walk(links.starts(source), path, limits, client, pause).run()
        write_json(path / "crawl.json", done)
    if not (taken := sites.within(path, limits.pages, limits.megabytes)):
        raise UserError(
            f"{source} gave no page: " + ("; ".join(f"{p['file']}: {p['why']}" for p in done["problems"][:3]) or "nothing was found"),
            "sites that are there and allow it",
            links.FIX,
        )
    return path / "sites", taken, done["problems"]


@contextlib.contextmanager
def _alone(path):
    with open(path / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another process crawls into crawls/{path.name}", "one at a time", "wait for it") from None
        yield


@dataclass(frozen=True)
class _Step:
    """An address on the way: how far from its start, after how many redirects, and the place that its links have to stay in."""

    url: str
    scope: tuple | None  # (site, folder); None for what a sitemap lists, whose links are not followed
    depth: int = 0
    hops: int = 0


@dataclass
class _Site:
    """What a site wants, and when it may be asked again."""

    archive: sites.Archive
    rules: object = None
    delay: float = 0.0
    ready: float = 0.0
    silent: int = 0
    unknown: bool = False  # what it forbids could not be had
    forms: Counter = field(default_factory=Counter)  # of texts without their numbers


class _Walk:
    """From the start addresses on: a queue per site, of which the one that may be asked first is next."""

    def __init__(self, starts, path, limits, browser, pause):
        self.path, self.limits, self.browser, self.pause = path, limits, browser, pause
        self.sites, self.queues, self.seen = {}, {}, set()
        self.pages, self.bytes, self.requests, self.problems, self.passed = 0, 0, 0, [], Counter()
        for url in starts:
            self.add(_Step(url, links.place(url)))

    def run(self):
        """Walks to the end, or to a limit. Returns what `crawl.json` holds."""
        with track.progress(self.limits.pages, "crawling") as bar:
            while not self.full() and (step := self.next()):
                before = self.pages
                try:
                    self.visit(step)
                except OSError:  # the disk: what a network complains of is Unfetched
                    raise
                except Exception as error:  # whatever a library stumbles over, the page is known, and none ends a crawl
                    self.problem(step.url, (str(error).splitlines() or [type(error).__name__])[0][:120])
                bar.update(self.pages - before)
                bar.set_postfix_str(f"{self.bytes / 1e6:.1f} MB", refresh=False)
        for (site, why), count in sorted(self.passed.items()):
            self.problem(site, f"{count} {why}")
        silent = any(s.silent >= SILENT for s in self.sites.values())
        silent |= not self.pages or any(s.unknown for s in self.sites.values())  # asked again next time
        complete = not any(self.queues.values()) and not silent
        limits = {} if silent else {"pages": self.limits.pages, "megabytes": self.limits.megabytes}
        return {**limits, "private": self.limits.private, "complete": complete, "problems": self.problems}

    def full(self):
        """Whether a budget is spent. The limit on requests ends a walk among addresses that give no page."""
        spent = self.pages >= self.limits.pages or self.bytes >= self.limits.megabytes * 1e6
        return spent or self.requests >= PER_PAGE * self.limits.pages + 20

    def problem(self, where, why):
        self.problems.append({"file": where, "line": 0, "why": str(why)})

    def pass_over(self, step, why):
        """Counts what is too common to be listed."""
        self.passed[urlsplit(step.url).netloc, why] += 1

    def next(self):
        """The next address of the site that may be asked first, None at the end."""
        waiting = [site for site, queue in self.queues.items() if queue]
        ready = lambda site: self.sites[site].ready if site in self.sites else 0.0  # noqa: E731
        return self.queues[min(waiting, key=ready)].popleft() if waiting else None

    def add(self, step, first=False):
        """Puts an address in the queue of its site, once."""
        if step.url in self.seen:
            return False
        self.seen.add(step.url)
        queue = self.queues.setdefault(urlsplit(step.url).netloc, deque())
        queue.appendleft(step) if first else queue.append(step)
        return True

    def site(self, url):
        """A site, after a look at what it forbids."""
        scheme, name = urlsplit(url)[:2]
        if name not in self.sites:
            site = self.sites[name] = _Site(sites.Archive(self.path, name))
            site.rules = self.rules(site, f"{scheme}://{name}/robots.txt")
            delay = float(site.rules.crawl_delay(permission.AGENT) or 0.0)
            site.delay = delay if delay >= 0 else 0.0  # also nan
            reserved = f"{scheme}://{name}{webarchive.TDMREP}"  # whoever reads the archive needs it
            if site.rules.can_fetch(reserved, permission.AGENT) and self.landing(site, reserved) is None:
                site.rules = permission.robots_rules(webarchive.FORBIDDEN)
        return self.sites[name]

    def rules(self, site, url):
        """The robots rules of a site, after redirects; those that cannot be had forbid everything."""
        record = self.landing(site, url)
        return permission.robots_rules(webarchive.rules(record) if record else webarchive.FORBIDDEN)

    def landing(self, site, url):
        """The record of a site's rules, after redirects; None if it cannot be had."""
        try:
            for _ in range(REDIRECTS + 1):
                record = self.record(site, url)
                if not (target := webarchive.target(record)):
                    break
                url = links.address(url, target) or url
            return record
        except web.Unfetched as error:
            self.problem(url, error)
            site.unknown = True
            return None

    def record(self, site, url):
        """What a site answers, or has answered in an earlier part of this crawl, as a record of its archive."""
        if url not in site.archive:
            time.sleep(max(0.0, site.ready - time.monotonic()))
            self.requests += 1
            try:
                response = self.browser.get(url, webarchive.is_wanted, max(self.pause, site.delay))
                site.silent = 0
            except web.Unfetched as error:
                site.silent += isinstance(error, web.Silent)
                raise
            finally:
                site.ready = time.monotonic() + max(self.pause, site.delay)
            if not webarchive.is_wanted(response):
                raise web.Unfetched(f"{response.kind or 'of no stated type'}, not a page")
            site.archive.write(response, page=not webarchive.is_rules(url) and response.status == 200 and response.kind in webarchive.TEXTS)
        return site.archive.read(url)

    def visit(self, step):
        """Fetches a page and queues what it leads to."""
        site = self.site(step.url)
        if site.silent >= SILENT:
            return self.pass_over(step, "addresses of a site that does not answer")
        if not site.rules.can_fetch(step.url, permission.AGENT):
            raise web.Unfetched("robots.txt forbids the page")
        if site.delay > LONGEST_DELAY:
            raise web.Unfetched(f"robots.txt asks for {site.delay:g} seconds between two pages")
        record = self.record(site, step.url)
        if target := webarchive.target(record):
            return self.redirect(step, target)
        if webarchive.status(record) != 200:
            return None  # whoever reads the archive counts it
        if webarchive.kind(record) not in webarchive.TEXTS:
            return self.sitemap(step, record)
        self.pages, self.bytes = self.pages + 1, self.bytes + site.archive.size(step.url)
        if step.scope and webarchive.kind(record) in webarchive.PAGES:
            with contextlib.suppress(ValueError):  # a page that cannot be read is a problem of whoever reads the archive
                self.follow(step, site, webarchive.page(record, formats.Book(formats.Problems(), step.url)))

    def redirect(self, step, target):
        """Follows a redirect that stays in its place. That of a start address moves the walk."""
        url, scope = links.address(step.url, target), step.scope
        if url is None or step.hops >= REDIRECTS:
            raise web.Unfetched("redirected to no address" if url is None else f"redirected more than {REDIRECTS} times")
        if not scope and urlsplit(url).netloc != urlsplit(step.url).netloc:
            return self.pass_over(step, "redirects of a sitemap's addresses to other sites")
        if scope and not links.within(url, scope):
            if step.depth:
                return self.pass_over(step, "redirects out of the start address's folder")
            scope = links.place(url)
        if not self.add(_Step(url, scope, step.depth, step.hops + 1), first=True):
            self.pass_over(step, "redirects to an address that is known")

    def follow(self, step, site, document):
        """Queues the addresses on a page."""
        page = permission.parsed(document["html"])
        if page is None:
            return None
        if {"nofollow", "none"} & set(permission.directives(document, page)):
            return self.pass_over(step, "pages that say nofollow")
        form = zlib.crc32(re.sub(r"\d+", "", " ".join(page.text_content().split())).encode())
        site.forms[form] += 1
        if site.forms[form] > ALIKE or step.depth >= DEEPEST:
            return self.pass_over(step, "pages whose links are not followed: too deep, or like others but for numbers")
        for url in dict.fromkeys(links.on_page(page, step.url)):
            if not url or not links.within(url, step.scope):
                self.pass_over(step, "links out of the start address's folder")
            elif links.is_trap(url):
                self.pass_over(step, "links to addresses that are too long or go round in circles")
            elif links.is_no_page(url):
                self.pass_over(step, "links to what is, by its name, no page")
            else:
                self.add(_Step(url, step.scope, step.depth + 1))

    def sitemap(self, step, record):
        """Queues what a sitemap lists on its own site: pages, whose links are not followed, and other sitemaps."""
        tree = links.sitemap(webarchive.body(record))
        inner = tree.tag.rpartition("}")[2] == "sitemapindex"
        for place in tree.iter("{*}loc"):
            url = links.address(step.url, (place.text or "").strip())
            if url is None or urlsplit(url).netloc != urlsplit(step.url).netloc:
                self.pass_over(step, "addresses in a sitemap that lie on other sites")
            elif not inner or step.depth < REDIRECTS:
                self.add(_Step(url, links.place(url) if inner else None, step.depth + 1))
