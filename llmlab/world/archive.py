"""The embedded forum as a crawler would deliver it: a web archive (WARC).

Pages look like the real thing: menus, a cookie banner, quotes, signatures, licence marks, and a robots.txt per host.
"""

import io
from html import escape
from urllib.parse import urlsplit

ROBOTS = "User-agent: *\nDisallow: /members/\nDisallow: /*?print=\nAllow: /\n"
LICENCES = {
    "by": '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
    "robots": '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
    "none": '<meta name="robots" content="noai"><meta name="tdm-reservation" content="1">',
}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{licence}<script>track("visit");</script></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/new">New posts</a></li><li><a href="/login">Log in</a></li><li><a href="/register">Register</a></li></ul></nav>
<div class="cookie-banner"><p>We use cookies to improve your experience. Accept all cookies or read our cookie policy.</p><button>Accept</button></div>
<main><article><h1>{title}</h1>
{posts}
</article></main>
<aside><h3>Related threads</h3><ul><li><a href="/t/1">Which device for a small flat?</a></li><li><a href="/t/2">Refund after 30 days?</a></li></ul></aside>
<footer><p>Copyright 2026. {rights} Terms of use. Privacy policy.</p></footer></body></html>"""


def html(page):
    """A forum page as its server would send it; a `mojibake` page was decoded wrongly on its way."""
    posts = "\n".join(_post(p) for p in page.posts)
    rights = "All rights reserved; no text and data mining." if page.licence == "none" else "Posts are under CC BY 4.0."
    text = PAGE.format(title=escape(page.title), licence=LICENCES[page.licence], posts=posts, rights=rights)
    return _mojibake(text) if page.mojibake else text


def _post(post):
    quote = f"<blockquote><p>{escape(post['quote'])}</p></blockquote>" if post["quote"] else ""
    signature = f'<p class="signature">{escape(post["signature"])}</p>' if post["signature"] else ""
    return f'<div class="post">{quote}<p>{escape(post["author"])}: {escape(post["text"])}</p>{signature}</div>'


def _mojibake(text):
    """UTF-8 read as Windows-1252, the classic: typographic quotes and dashes become â€™ and â€”."""
    fancy = text.replace(" I ", " I\u2019d say I ").replace(". ", "\u2026 ", 1)
    head, body = fancy.split("<main>")
    return head + "<main>" + body.encode("utf-8").decode("cp1252", errors="replace")


def write(path, pages):
    """Writes pages as `response` records of a gzipped WARC file, with a robots.txt for each host."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    hosts = sorted({f"https://{urlsplit(p.url).netloc}" for p in pages})
    bodies = [(f"{host}/robots.txt", "text/plain", ROBOTS) for host in hosts] + [
        (p.url, "text/html; charset=utf-8", html(p)) for p in pages
    ]
    with open(path, "wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, kind, body in bodies:
            headers = StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.1")
            fixed = {"WARC-Date": "2026-01-01T00:00:00Z", "WARC-Record-ID": f"<urn:llmlab:{len(body)}:{url}>"}
            writer.write_record(
                writer.create_warc_record(url, "response", payload=io.BytesIO(body.encode()), http_headers=headers, warc_headers_dict=fixed)
            )
