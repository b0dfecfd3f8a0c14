"""What a cell shows besides figures: tables, texts, coloured tokens. Everything from data or models is escaped here."""

import io
import math
import sys
import unicodedata
from html import escape

from llmlab.spine.sealed import confidential, withheld

NOTHING = "nothing"
MARGIN = 0.03  # a loss smaller than this is said to be ruled out where it is: what phase 6 may lose, if nobody says otherwise
LIVE = "llmlab"  # in the metadata of what is shown while something runs; it is no result, so no report holds it
INK, PAPER = "#1b1b1b", "#ffffff"
TINTS = ("#d6e6f5", "#fde2c8", "#dcefd9", "#f3d9e5", "#e6e0f2", "#f6efc7")


class Html:
    """HTML for Jupyter and for the report; the report sanitises it again."""

    def __init__(self, markup):
        self.markup = markup

    def _repr_html_(self):
        return self.markup


class Nothing(Html):
    """What a cell shows that has nothing to say in this run: words in Jupyter; the report leaves out the cell and the text that leads to it."""

    def _repr_html_(self):
        return f"<p><em>{escape(self.markup)}</em></p>", {LIVE: NOTHING}


def shell():
    """IPython's shell if this code runs in one, else None."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def live(thing):
    """Shows words or a figure beside the results: in Jupyter at once, in no report. Returns what shows something else in its place."""
    if getattr(shell(), "kernel", None) is None:
        return lambda thing: None
    from IPython.display import display

    as_html = lambda t: Html(f"<p><em>{escape(t)}</em></p>" if t else "") if isinstance(t, str) else t  # noqa: E731
    handle = display(as_html(thing), metadata={LIVE: "live"}, display_id=True)
    return lambda thing: handle.update(as_html(thing), metadata={LIVE: "live"})


def sharp_figures():
    """Teaches the running kernel to show a Figure as a sharp PNG with its alternative text."""
    if shell() is not None:
        shell().display_formatter.formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)


def _png(figure):
    stream = io.BytesIO()
    figure.savefig(stream, dpi=144, format="png")
    width = int(figure.get_size_inches()[0] * 100)
    return stream.getvalue(), {"alt": getattr(figure, "alt", ""), "width": width}


def text(value):
    """A text of data or a model, made harmless as `label` does it; of a confidential source its length alone."""
    return label(withheld(value))


def label(value):
    """A word or sentence of unknown origin, made harmless: escaped, its control characters visible, its direction kept to itself."""
    visible = "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else f"\\u{ord(c):04x}" for c in str(value))
    return f'<span style="white-space: pre-wrap; unicode-bidi: isolate">{escape(visible)}</span>'


def number(value, digits=3):
    """A number as a reader wants it: 1,234,567 and 0.0123, not 1234567.0 and 0.012345678."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return label("–" if value is None else value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if value else "0"


def table(rows, columns=None, caption="", stacked=False, texts=(), filled=False):
    """A table of dicts; numbers on the right, everything escaped.

    Args:
        rows: dicts with the same keys.
        columns: which keys, in which order; all of the first row if None.
        stacked: long texts: on a narrow screen its cells stand below each other, each under its column's name.
        texts: columns that hold text of data or of a model, which is withheld if the source is confidential.
        filled: columns in which no row says anything stand in the caption, as not known.
    """
    rows = [{**r, **{c: withheld(r[c]) for c in texts if c in r}} for r in rows] if confidential() else rows
    columns = columns or list(rows[0]) if rows else []
    if empty := [c for c in columns if filled and all(r.get(c) in (None, "–") for r in rows)]:
        columns, caption = [c for c in columns if c not in empty], f"{caption}; not known here: {'; '.join(empty)}"
    numeric = {c for c in columns if all(isinstance(r.get(c), (int, float, type(None))) for r in rows)}
    head = "".join(f'<th scope="col" style="text-align: {"right" if c in numeric else "left"}">{escape(str(c))}</th>' for c in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{escape(str(c))}" style="text-align: {"right" if c in numeric else "left"}">{number(r.get(c))}</td>'
            for c in columns
        )
        + "</tr>"
        for r in rows
    )
    kind = ' class="stacked"' if stacked else ""
    return Html(f"<table{kind}><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def one_number(result):
    """A result as the one number that stands for it, with its interval: corrected for its judge's errors where those are known; of a task that should be
    even the mean distance of its groups from that, since of two that are treated unevenly the mean may be even. Pages, cards, rules and the gate all read it so."""
    return {**result, **result.get("corrected", {}), **result.get("uneven", {})}


def score(result):
    """A score with what belongs to it: "0.940 [0.910, 0.960], n = 280, chance 0.16"."""
    return f"{interval(result)}, n = {result['n']}{chance(result)}{cut(result)}"


def interval(result):
    """A score with its interval, in words: corrected for its judge's errors, or from even, where it is that."""
    ends = lambda r: f"{r['score']:.3f} {brackets(r)}"  # noqa: E731
    beside = f" corrected for the judge's errors, {ends(result)} as judged" if "corrected" in result else ""
    return ends(one_number(result)) + (" from even" if "uneven" in result else beside)


def chance(result):
    """What a guesser gets, in words; nothing where nothing can be guessed, or where it says what is even."""
    return f", chance {result['chance']:.2g}" if result.get("chance") and "uneven" not in result else ""


def brackets(result):
    """The interval of a result in brackets; "[not known]" where so few values show none."""
    ends = [result["low"], result["high"]]
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]" if None not in ends and all(map(math.isfinite, ends)) else "[not known]"


def cut(result):
    """How many answers of a result did not end, in words; nothing of one whose answers all did."""
    if not (found := result.get("cut")):
        return ""
    return f"; {found['answers']} of {result['n']} answers {'was' if found['answers'] == 1 else 'were'} cut at {found['tokens']} tokens"


def changes(moved):
    """Rows of a table: for every task, how it changed in each of some steps, with what could have been shown.

    Args:
        moved: {step: {task: difference as `stats.difference` gives it}}.
    """
    said = lambda c: f"{c['difference']:+.3f} [{c['low']:+.3f}, {c['high']:+.3f}] {verdict(c)} (± {c['detectable']:.2f})"  # noqa: E731
    tasks = dict.fromkeys(task for step in moved.values() for task in step)
    return [{"task": task, **{step: said(by[task]) if task in by else "–" for step, by in moved.items()}} for task in tasks]


def verdict(change):
    """A verdict in words; one that a test would give alone, and not among so many, is said as that, and so is a preference that turned round."""
    if change.get("turned"):
        return f"{verdict({**change, 'turned': []})}; the preference between {' and between '.join(filter(None, change['turned'])) or 'two'} has turned round"
    if change["verdict"] == "no difference shown" and (change["low"] > 0 or change["high"] < 0):
        return f"{'better' if change['low'] > 0 else 'worse'}, were it the only test"
    if change["verdict"] == "no difference shown" and change["low"] > -MARGIN:
        return f"no difference shown, and a loss of {MARGIN:g} is ruled out"
    return change["verdict"]


def token_strip(tokenizer, ids, values=None, mask=None, caption="", high="much", low="little", top=None):
    """Tokens as coloured boxes: by turns, by a value (darker is more), or by a mask (1 is coloured).

    Args:
        values: a number per token, shown on hover too.
        mask: 1 for tokens that are trained on, 0 for those that are not.
        top: the value that is darkest, so that two strips compare; the largest of `values` if None.
    """
    top = top or max([v for v in values or [] if v is not None], default=1) or 1
    boxes = []
    for n, i in enumerate(ids):
        piece = "▪" if confidential() else tokenizer.decode([i]).replace("\n", "⏎")
        if mask is not None:
            colour = "#b7dfb9" if mask[n] else "#eeeeee"
        elif values is not None:
            colour = "#f4f4f4" if values[n] is None else _shade(min(1, values[n] / top))
        else:
            colour = TINTS[n % len(TINTS)]
        hint = f' title="{values[n]:.2f}"' if values is not None and values[n] is not None else ""
        dark = values is not None and values[n] is not None and values[n] / top > 0.6
        boxes.append(
            f'<span{hint} style="background-color: {colour}; color: {PAPER if dark else INK}; white-space: pre-wrap">{label(piece)}</span>'
        )
    legend = (
        "coloured: trained on, grey: not"
        if mask is not None
        else f"dark: {high}, light: {low}"
        if values is not None
        else "one colour per token"
    )
    return Html(
        f'<figure><p style="white-space: pre-wrap">{"".join(boxes)}</p><figcaption>{escape(caption)} ({legend})</figcaption></figure>'
    )


def answer_strips(tokenizer, row):
    """A pair in tokens, one answer below the other: grey the prompt, coloured what a loss sees; of an answer that was rated alone one strip.

    Args:
        row: {"prompt_ids", "chosen_ids", "rejected_ids"}, or {"prompt_ids", "completion_ids"}.
    """
    before = row["prompt_ids"]
    said = {side: ids for side in ("chosen", "rejected", "completion") if (ids := row.get(f"{side}_ids"))}
    strips = [token_strip(tokenizer, before + ids, mask=[0] * len(before) + [1] * len(ids), caption=side) for side, ids in said.items()]
    return Html("".join(strip.markup for strip in strips))


def _shade(share):
    """From near white to dark blue."""
    share = min(1.0, max(0.0, share))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in ((244, 20), (247, 60), (251, 120)))


def diff(before, after):
    """What cleaning changed in a text: removed words struck through, added ones underlined."""
    import difflib
    import re

    a, b = (re.findall(r"\S+|\s+", t) for t in (before, after))
    parts = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        old, new = text("".join(a[i:j])), text("".join(b[k:m]))
        if kind == "equal":
            parts.append(new)
        else:
            parts += [f"<del>{old}</del>"] * (j > i) + [f"<ins>{new}</ins>"] * (m > k)
    return Html(f"<p>{''.join(parts)}</p>")


def pairs(rows, headings, caption=""):
    """A table of texts side by side, such as the same prompts answered before and after."""
    return table([dict(zip(headings, row)) for row in rows], list(headings), caption, stacked=True, texts=headings)


def conversation(messages, note=""):
    """A transcript, one line per turn."""
    turns = "".join(f"<p><strong>{escape(m['role'])}</strong> {text(m['content'])}</p>" for m in messages)
    return Html(f"<section>{turns}<p><em>{escape(note)}</em></p></section>")


def findings(rows):
    """What phase 4 and 7 prescribe: a card per finding, with its evidence and, where a parameter can act on it, the command."""
    if not rows:
        return Html("<p>Nothing to improve was found by the rules.</p>")
    cards = "".join(
        f"<section><h4>{escape(r['finding'])}</h4><p>{escape(r['evidence'])}</p><p>{'Go back to' if r['parameters'] else 'In'} "
        f"<strong>{escape(r['phase'])}</strong>: {escape(r['expected'])}</p>"
        + (f"<pre>{escape(r['command'])}</pre>" if r["parameters"] else "")
        + "</section>"
        for r in rows
    )
    return Html(cards)
