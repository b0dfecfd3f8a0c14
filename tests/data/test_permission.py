"""Permission fails closed, however it is written; licences are recorded, and can be demanded."""

import functools

import pytest
from test_corpus import archived, collect

from llmlab.data import clean, permission

BODY = "<body><article><p>The old mill by the river was repaired last spring, and the wheel turns again every morning.</p></article></body>"


def page(head="", **more):
    return {"id": "a", "source": "s", "url": "https://a.example/x/1", "html": f"<html><head>{head}</head>{BODY}</html>", **more}


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="robots" content="noai">', "<meta content=noai name=robots>", "<META NAME='ROBOTS' CONTENT='noindex, NOAI'>", '<meta name="robots" content="no&#97;i">',
        '<meta name="llmlab" content="noimageai">', '<meta\nname = "robots"\n content = "index,noai;nofollow" />', '<meta property="robots" content="noai">',
        "<style>" + "a{color:red} " * 900 + '</style><meta name="robots" content="noai">', '<meta http-equiv="X-Robots-Tag" content="noai">',
        '<meta name="tdm-reservation" content="1"/>', "<meta content='1' name='TDM-Reservation'>", '<meta name="tdm-reservation" content=" 1 "><meta name="tdm-policy" content="https://a.example/p">',
        '<script>if (a < b) { x = "<meta>"; }</script><meta name=robots content=noai>',
    ],
)  # fmt: skip
def test_a_page_that_says_no(head):
    assert not clean.permission([page(head)])[0]


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="robots" content="noindex, nofollow">', '<!-- <meta name="robots" content="noai"> -->', '<meta name="tdm-reservation" content="0">',
        '<meta name="description" content="What the word noai means to people who write about the web and its many, many robots today">', "",
    ],
)  # fmt: skip
def test_a_page_that_does_not(head):
    assert clean.permission([page(head)])[0]


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ([("x-robots-tag", "noai")], False), ([("x-robots-tag", "noindex"), ("x-robots-tag", "max-snippet: 5, NoAI")], False), ([("x-robots-tag", "otherbot: noai, nofollow")], True),
        ([("x-robots-tag", "llmlab: noai")], False), ([("x-robots-tag", "otherbot: nofollow, llmlab: noimageai")], False), ([("tdm-reservation", "1")], False), ([("tdm-reservation", "0")], True),
    ],
)  # fmt: skip
def test_headers(headers, allowed):
    assert bool(clean.permission([page(headers=headers)])[0]) == allowed


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("\ufeffUser-agent: *\nDisallow: /x/", False), ("user-agent: LLMLAB\ndisallow: /\n\nuser-agent: *\nallow: /", False), ("User-agent: *\nDisallow: /y/", True),
        ("User-agent: *\nDisallow: /x/*\nAllow: /x/1$", True), ("User-agent: a\nUser-agent: *\nDisallow: /", False), ("", True),
    ],
)  # fmt: skip
def test_robots(rules, allowed):
    assert bool(clean.permission([page(robots=rules)])[0]) == allowed


def test_a_site_reserves_by_location():
    rules = [{"location": "/x/*", "tdm-reservation": 1}, {"location": "/x/1", "tdm-reservation": 0}]
    assert clean.permission([page(tdmrep=rules)])[0] and not clean.permission([page(tdmrep=rules[:1])])[0]
    assert clean.permission([page(tdmrep=[{"location": "/y/*", "tdm-reservation": 1}])])[0]


def test_what_stands_in_an_archive_counts_wherever_it_stands(tmp_path):
    html = f"<html>{BODY}</html>".encode()
    archived(
        tmp_path / "data/a.warc.gz",
        [
            ("https://a.example/1", "text/html", html),
            ("https://b.example/1", "text/html", html, "200 OK", [("X-Robots-Tag", "noindex"), ("X-Robots-Tag", "noai")]),
            ("https://c.example/1", "text/html", html),
            ("https://d.example/1", "text/html", html),
            ("https://e.example/1", "text/html", html, "200 OK", [("TDM-Reservation", "1")]),
            ("https://f.example/1", "text/html", html),
            ("http://A.EXAMPLE/robots.txt", "text/plain", "\ufeffUser-agent: *\nDisallow: /".encode("utf-8")),
            ("https://c.example/.well-known/tdmrep.json", "application/json", b'[{"location": "/", "tdm-reservation": 1}]'),
            ("https://d.example/robots.txt", "text/plain", b"", "503 Service Unavailable"),
            ("https://f.example/robots.txt", "text/html", b"<html>nothing here</html>", "404 Not Found"),
        ],
    )
    kept, dropped = clean.permission(collect(tmp_path / "data", tmp_path)[1])
    assert [d["url"] for d in kept] == ["https://f.example/1"] and len(dropped) == 5


def test_rules_in_another_archive_of_the_crawl_count(tmp_path):
    archived(tmp_path / "data/1.warc.gz", [("https://a.example/1", "text/html", f"<html>{BODY}</html>".encode())])
    archived(tmp_path / "data/2.warc.gz", [("https://a.example/robots.txt", "text/plain", b"User-agent: *\nDisallow: /")])
    assert not clean.permission(collect(tmp_path / "data", tmp_path)[1])[0]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        (page('<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'), ["CC-BY-SA-4.0"]),
        (page("", html=f'<html>{BODY}<a href="http://creativecommons.org/publicdomain/zero/1.0/">CC0</a></html>'), ["CC0-1.0"]),
        (page('<script type="application/ld+json">{"@graph": [{"license": {"@id": "https://creativecommons.org/licenses/by/3.0/"}}]}</script>'), ["CC-BY-3.0"]),
        (page('<meta name="dcterms.license" content="MIT">'), ["mit"]), (page(licence=["MIT", "Apache-2.0"]), ["Apache-2.0", "MIT"]), (page(licence=None), []), (page(licence={"a": 1}), ["{'a': 1}"]),
    ],
)  # fmt: skip
def test_licences_are_recorded(document, names):
    assert clean.permission([document])[0][0]["licence"] == names


@pytest.mark.parametrize(
    ("said", "allowed", "kept"),
    [
        ("MIT", ["mit"], True), ("MIT OR GPL-3.0-only", ["MIT"], True), ("MIT AND GPL-3.0-only", ["MIT"], False), (["MIT", "Apache-2.0"], ["MIT"], False), (None, ["MIT"], False),
        ("CC-BY-SA-4.0", ["CC-BY-SA-*"], True), ("CC-BY-NC-4.0", ["CC-BY-SA-*", "CC-BY-4.0"], False), ("apache 2.0", ["Apache-2.0"], True), ("a house rule", ["MIT"], False), ("MIT", [], True),
    ],
)  # fmt: skip
def test_licences_can_be_demanded(said, allowed, kept):
    step = functools.partial(clean.permission, allowed=allowed)
    assert bool(step([{"id": "a", "source": "s", "url": "u", "text": "x", "licence": said}])[0]) == kept


def test_no_form_of_a_licence_breaks_the_phase():
    for said in (["MIT", None, 3], [], "", 3.5, {"name": "x"}, [["MIT"]]):
        assert isinstance(permission.licences({"licence": said}), list)
