"""One page of the public web, with manners: limits on size and time, retries with back-off, an honest name, no private address."""

import asyncio
import ipaddress
import os
import socket
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata

import httpx
from anyio.from_thread import start_blocking_portal

PATIENCE = 30.0  # seconds for one page, from its name's address to its last byte
LARGEST = 10_000_000  # bytes of one page as it is sent
TRIES = 3
LONGEST_PAUSE = 60.0  # seconds, whatever a server asks for
FOR_LATER = (408, 425, 429, 500, 502, 503, 504)  # RFC 9110: asked again later, the answer may be another
CONTACT = "LLMLAB_CONTACT"  # an address of whoever crawls, for the sites' owners


class Unfetched(Exception):
    """Why there is no page."""


class Silent(Unfetched):
    """The site does not answer."""


@dataclass(frozen=True)
class Response:
    """What a server answered. `body` is as it was sent, so perhaps compressed; of what is no page it is empty and `kind` says so."""

    url: str
    status: int
    headers: list
    body: bytes

    def header(self, name):
        """The first value of a header, "" if there is none."""
        return next((v for k, v in self.headers if k.lower() == name), "")

    @property
    def kind(self):
        """Its media type in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()


class Browser:
    """Fetches pages one at a time: `with Browser() as browser: browser.get(url)`.

    Args:
        private: whether addresses of this machine and of private networks may be visited.
        patience, largest: limits on one page, in seconds and bytes.
        pause: seconds before a second try; the third waits twice as long, and longer if the server says so.
    """

    def __init__(self, private=False, patience=PATIENCE, largest=LARGEST, pause=2.0):
        self.private, self.patience, self.largest, self.pause = private, patience, largest, pause

    def __enter__(self):
        # The pages come in through a thread of their own: only there a deadline holds for all that a server may be slow at.
        self.waiting = start_blocking_portal()
        self.portal = self.waiting.__enter__()
        # Connections are shared by address, and two sites may have one: none is kept, or a site would answer for another.
        transport = _Guarded(self.private, retries=0, limits=httpx.Limits(max_keepalive_connections=0))
        headers = {"User-Agent": agent(), "Accept": "text/html, application/xhtml+xml, text/plain, */*;q=0.1", "Accept-Encoding": "gzip"}
        self.client = httpx.AsyncClient(transport=transport, headers=headers, timeout=self.patience, trust_env=False)
        return self

    def __exit__(self, *error):
        self.portal.call(self.client.aclose)
        return self.waiting.__exit__(*error)

    def get(self, url, wanted=lambda response: True, pause=0.0):
        """The response to a GET request; redirects are not followed. Its body is read if `wanted(response)`.

        Args:
            pause: least seconds between two tries.

        Raises: Unfetched, after the last try.
        """
        for n in range(1, TRIES + 1):
            try:
                response = self.portal.call(self._get, url, wanted)
                if response.status not in FOR_LATER:
                    return response
                failed = Silent(f"status {response.status}, {TRIES} times")
                if _asked(response) > LONGEST_PAUSE:
                    raise Silent(f"status {response.status}, to be asked again in {_asked(response):.0f} seconds")
            except (httpx.TransportError, OSError) as error:
                response, failed = None, Silent(f"{_said(error)}, {TRIES} times")
            except (httpx.InvalidURL, UnicodeError, ValueError) as error:
                raise Unfetched(f"no address: {_said(error)}") from None
            if n < TRIES:
                time.sleep(max(pause, self.pause * 2 ** (n - 1), _asked(response)))
        raise failed

    async def _get(self, url, wanted):
        try:
            async with asyncio.timeout(self.patience), self.client.stream("GET", url) as answer:
                response = Response(url, answer.status_code, answer.headers.multi_items(), b"")
                if response.header("content-encoding").strip().lower() not in ("", "identity", "gzip"):
                    raise Unfetched(f"compressed as {response.header('content-encoding')[:40]}, which was not asked for")
                if not wanted(response):
                    return response
                return Response(url, answer.status_code, response.headers, await self._body(answer))
        except TimeoutError:
            raise Silent(f"takes more than {self.patience:.0f} seconds") from None

    async def _body(self, answer):
        pieces, size = [], 0
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > self.largest:
                raise Unfetched(f"larger than {self.largest / 1e6:g} MB")
            pieces.append(piece)
        return b"".join(pieces)


class _Guarded(httpx.AsyncHTTPTransport):
    """Connects to the very address that was checked, so that no name can point elsewhere a moment later."""

    def __init__(self, private, **options):
        super().__init__(**options)
        self.private = private

    async def handle_async_request(self, request):
        host = request.url.raw_host.decode("ascii")  # as it is written in the name system
        found = await asyncio.get_running_loop().getaddrinfo(host, request.url.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(info[4][0]) for info in found]
        if not self.private and (refused := [a for a in addresses if not _is_public(a)]):
            raise Unfetched(f"{host} is {refused[0]}, a private address (crawl_private=true allows them)")
        request.extensions["sni_hostname"] = host  # certificates are made out to names
        request.url = request.url.copy_with(host=str(addresses[0]))
        return await super().handle_async_request(request)


def is_private(host):
    """Whether a host is written as the number of a private address; names are checked when they are looked up."""
    try:
        return not _is_public(ipaddress.ip_address(host))
    except ValueError:
        return False


def _is_public(address):
    inner = getattr(address, "sixtofour", None)
    if address.version == 6 and int(address) >> 32 in (0, 0xFFFF, 0x64FF9B << 64):  # an IPv4 address in another form
        return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    local = address.is_multicast or getattr(address, "is_site_local", False)
    return address.is_global and not local and (inner is None or _is_public(inner))


def agent():
    """Who we say we are: robots.txt knows us as llmlab."""
    contact = " ".join(os.environ.get(CONTACT, "").encode("ascii", "replace").decode().split())
    return f"llmlab/{metadata.version('llmlab')} (texts for language models; obeys robots.txt{'; ' + contact if contact else ''})"


def _asked(response):
    """Seconds that a server wants us to wait."""
    said = response.header("retry-after") if response else ""
    if said.isdecimal():
        return float(said)
    try:
        return parsedate_to_datetime(said).timestamp() - time.time()
    except (ValueError, TypeError):
        return 0.0


def _said(error):
    """A network's complaint in a few words."""
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__
