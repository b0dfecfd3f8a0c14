"""Two tellings of the same, compared: records number by number, and pages with what they are drawn from. The half of `verify` that looks."""

import html
import math
import re
import tempfile
from pathlib import Path

from llmlab.pages import report
from llmlab.spine.files import read_json
from llmlab.spine.params import schema
from llmlab.spine.run import Run
from llmlab.workflow import road

NUMBER = re.compile(r"-?\d[\d.,]*(?:e-?\d+)?")


def row(where, what, claimed, found):
    return {"where": where, "what": what, "claimed": str(claimed)[:80], "found": str(found)[:80]}


def unlike(where, name, claimed, found):
    """Where two records differ, number by number."""
    if isinstance(claimed, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*claimed, *found]):
            yield from unlike(where, f"{name}.{key}".strip("."), claimed.get(key, "nothing"), found.get(key, "nothing"))
    elif isinstance(claimed, list) and isinstance(found, list) and len(claimed) == len(found):
        for n, pair in enumerate(zip(claimed, found)):
            yield from unlike(where, f"{name}[{n}]", *pair)
    elif claimed != found and not _alike(claimed, found):
        yield row(where, name, claimed, found)


def _alike(a, b):
    """Floats that went through JSON, which knows nothing infinite, or another order of a sum."""
    if a is None:
        return isinstance(b, float) and not math.isfinite(b)
    return isinstance(a, float) and isinstance(b, float) and (abs(a - b) < 1e-9 or a != a and b != b)


def other_text(where, claimed, found):
    """The first number, or else the first word, in which two texts differ."""
    if claimed == found:
        return
    for pattern in (NUMBER, re.compile(r"\S+")):
        a, b = pattern.findall(claimed), pattern.findall(found)
        at = next((n for n, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), None)
        if at is not None:
            yield row(
                where, f"{'number' if pattern is NUMBER else 'word'} {at + 1}, after {' '.join(a[max(0, at - 3) : at])!r}", a[at], b[at]
            )
            return
    yield row(where, "its length", len(claimed), len(found))


def page(run, phase):
    """The report shows what the notebook holds; what a notebook made in a kernel has one."""
    place = run.path / phase / "report.html"
    if not place.exists():
        if phase in run.record.get("notebooks", {}):
            yield row(f"{phase}/report.html", "the page", "there", "missing")
        return
    told = set(read_json(place.with_name("phase.json"))["params"]) & set(schema(phase))
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "report.html"
        report.render(place.with_name("notebook.ipynb"), again, run, phase)
        yield from other_text(f"{phase}/report.html", *(_said(p.read_text(encoding="utf-8"), told) for p in (place, again)))


def _said(page, told=()):
    """What a page says of its run: without its style, its links (a record of a parent is elsewhere once the run has moved), the name that the run has by now,
    and what is the package's own of the parameters: their meaning, and those that the run was not told.

    Args:
        told: names of the parameters that the run was told.
    """
    for part in (
        r"<style>.*?</style>",
        r"<nav.*?</nav>",
        r"(?<=<footer>)llmlab · run [^<>]*? · (?=\d_)",
        r'<p class="record">record: (?:<a href="[^"<>]*">[\w./-]+</a>(?:, )?)+(?: and \d+ more)?</p>',
    ):
        page = re.sub(part, "", page, flags=re.S)
    return re.sub(r'<table class="parameters">.*?</table>', lambda table: _parameters(table[0], told), page, flags=re.S)


def _parameters(table, told):
    """A table of parameters as lines of names and values."""
    rows = re.findall(r"<tr><td>(.*?)</td><td>(?:<strong>)?(.*?)(?:</strong>)?</td>", table, re.S)
    return "\n".join(f"{html.unescape(name)} = {html.unescape(value)}" for name, value in rows if html.unescape(name) in told)


def index(run):
    """The index page shows what the records hold; of a run that is stale by now it says so, which the page of then could not."""
    place = run.path / "index.html"
    if not place.exists():
        if run.record.get("notebooks"):
            yield row("index.html", "the page", "there", "missing")
        return
    states = road.states(run)
    if not any(states.values()):
        found = report.index_page(Run(run.path), states)
        yield from other_text("index.html", _said(place.read_text(encoding="utf-8")), _said(found))
