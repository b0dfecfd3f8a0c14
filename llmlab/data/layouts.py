"""The shapes in which lessons come: one conversation, or one judgement of answers, per row; each made to the shape that TRL calls its own.

Instructions become {"messages"}, preferences {"prompt", "chosen", "rejected"}. A row of no known shape raises `Untrue`.
"""

import json
import os
import re

from llmlab.data import turns
from llmlab.data.turns import Untrue

ANSWERED = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
    ("question", "response"),
    ("query", "response"),
    ("customer", "agent"),
)
SCORES = ("overall_score", "score", "rating", "fine-grained_score")
KEPT = ("topic", "annotators", "flaw", "source")  # what else a row may say of itself
JUDGES = "judges"  # and of who preferred what: {annotator: "chosen" or "rejected"}
SIMULATED, NOBODY, PEOPLE = "simulated", "nobody", "people"  # all that is kept of who judged: pages and the model's card show it


class Mute(ValueError):
    """A row that is whole and says nothing, such as two answers with equal scores; it is left out and counted."""


class Label(int):
    """A number that stands for a name, as in a dataset's ClassLabel: who counts takes the number, who reads the name; "" where none was given."""

    def __new__(cls, number, name):
        found = super().__new__(cls, number)
        found.name = name
        return found


def instruction_layout(names, columns=()):
    """The layout that the columns of a table have, or None."""
    if columns and set(columns) <= set(names):
        return "two named columns"
    if "messages" in names:
        return "messages"
    if "conversations" in names:
        return "ShareGPT"
    if "turns" in names:
        return "turns"
    if {"instruction", "output"} <= set(names):
        return "Alpaca"
    if {"instruction", "response"} <= set(names):
        return "Dolly"
    return next((f"{a}/{b}" for a, b in ANSWERED if {a, b} <= set(names)), None)


def instruction(row, layout, columns=(), weighed=True):
    """A row of a known layout as {"messages", …}; a system turn, and what is to be read for a question, may stand in columns of their own.

    Args:
        columns: names of those of the question and the answer, which are then all that is asked and said.
        weighed: whether the weights of answers count, as in lessons.
    """
    said, kept = [], KEPT
    if layout == "two named columns":
        said = [*_system(row, columns), *zip(("user", "assistant"), named(row, columns))]
        kept = [k for k in KEPT if k not in columns]  # an answer in a column called topic is no topic
    elif layout == "messages":
        said = turns.listed(row["messages"])
    elif layout == "ShareGPT":
        said = turns.system(row) + turns.listed(row["conversations"])
    elif layout == "turns":
        said = turns.spoken(row["turns"])
    elif layout in ("Alpaca", "Dolly"):
        beside, answer = ("input", "output") if layout == "Alpaca" else ("context", "response")
        asked = "\n\n".join(turns.text(row[k]) for k in ("instruction", beside) if row.get(k))
        said = [*turns.system(row), *turns.history(row.get("history")), ("user", asked), ("assistant", turns.text(row[answer]))]
    else:
        asked, answer = layout.split("/")
        before = [turns.message(m, weighed) for m in (*turns.system(row), *turns.opened(turns.said(row[asked], "user")))]
        said = [*turns.informed(row, before), *turns.said(row[answer], "assistant")]
    return {"messages": turns.equipped(row, [turns.message(m, weighed) for m in said]), **_beside(row, kept)}


def named(row, columns):
    """(question, answer) of a row in two columns that somebody named. The answer may be a label: yes or no, a number, or one that stands for a name."""
    asked, label = (row[c] for c in columns)
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # a column with gaps
    if label != label or (isinstance(label, Label) and not label.name):
        raise Untrue(f"no label in {columns[1]!r}")
    return turns.text(asked), str(label).lower() if isinstance(label, bool) else getattr(label, "name", None) or turns.text(label)


def question(row, columns):
    """What is asked of a row in two columns that somebody named, as messages."""
    return [turns.message(m) for m in (*_system(row, columns), ("user", named(row, columns)[0]))]


def _system(row, columns):
    """The system turn of a row, where no column of that name was called the question or the answer."""
    return [] if set(turns.SYSTEM) & set(columns) else turns.system(row)


def preference_layout(names):
    """The layout that the columns of a table of preferences have, or None."""
    if {"chosen", "rejected"} <= set(names):
        return "prompt, chosen, rejected" if "prompt" in names or "question" in names else "chosen, rejected"
    if "completions" in names and {"instruction", "prompt"} & set(names):
        return "scored completions"
    if {"prompt", "completion", "label"} <= set(names):
        return "thumbs"
    return None


def preference(row, layout):
    """A row of a known layout as {"prompt", "chosen", "rejected"}; of `thumbs` as {"prompt", "completion", "label"}, to be paired."""
    if layout == "scored completions":
        return {**_best_and_worst(row), **_beside(row)}
    if layout == "thumbs":
        said = [turns.message(m) for m in turns.said(row["completion"], "assistant")]
        return {"prompt": _prompt(row, row["prompt"]), "completion": said, "label": _thumb(row["label"]), **_beside(row)}
    good, bad = ([turns.message(m) for m in turns.said(row[side], "assistant")] for side in ("chosen", "rejected"))
    if not good or not bad:
        raise Untrue("an answer without a message")
    prompt = row.get("prompt", row.get("question"))
    before = [turns.message(m) for m in (*turns.system(row), *turns.opened(turns.said(prompt, "user")))] if prompt else []
    shared = next((i for i, (a, b) in enumerate(zip(good, bad)) if a != b), min(len(good), len(bad)))
    shared = min(shared, len(good) - 1, len(bad) - 1)
    asked = [m for m in before if m["role"] != "system"]
    whole = good[0]["role"] == "user" or good[: len(before)] == before  # the answers hold the conversation, the prompt among it
    if shared > 0 and (whole or not before):
        held = (
            good[:shared] if good[: len(before)] == before or not asked else [*(m for m in before if m["role"] == "system"), *good[:shared]]
        )
        before, good, bad = held, good[shared:], bad[shared:]
    elif shared > 0:  # several turns that both answers begin with
        before, good, bad = [*before, *good[:shared]], good[shared:], bad[shared:]
    if not before:
        before, good, bad = _begun_alike(row)
    return {"prompt": turns.equipped(row, turns.informed(row, before)), "chosen": good, "rejected": bad, **_beside(row)}


def _begun_alike(row):
    """(messages of the prompt, of the better answer, of the worse one) of two texts whose beginning is the prompt, to its last whole word."""
    texts = [row["chosen"], row["rejected"]]
    begun = re.match(r"(?s).*\s", os.path.commonprefix(texts)) if all(isinstance(text, str) for text in texts) else None
    asked, said = begun.group().strip() if begun else "", [text[begun.end() :].strip() for text in texts] if begun else []
    if not asked or not all(said):
        raise Untrue("no prompt, and the two answers have no beginning in common")
    return [{"role": "user", "content": asked}], *([{"role": "assistant", "content": text}] for text in said)


def _prompt(row, value):
    """What is asked in a row of preferences, as messages."""
    asked = [turns.message(m) for m in (*turns.system(row), *turns.opened(turns.said(value, "user")))]
    return turns.equipped(row, turns.informed(row, asked))


def dialogue(row):
    """A conversation as text, a line per turn, for whoever reads it as a document; None if the row is none."""
    layout = instruction_layout(row)
    if layout in ("messages", "ShareGPT", "turns"):
        return "\n".join(f"{m['role'].capitalize()}: {m['content']}" for m in instruction(row, layout, weighed=False)["messages"])
    if {"chosen", "rejected"} <= set(row) and isinstance(row["chosen"], str):
        return row["chosen"].strip()
    return None


def asked(prompt):
    """Messages of a prompt: a list of them as it is; a transcript cut into its turns, any other text as one turn of the user."""
    if isinstance(prompt, list) and all(isinstance(m, dict) and {"role", "content"} <= set(m) for m in prompt):
        return prompt
    return [turns.message(m) for m in turns.opened(turns.said(prompt, "user"))]


def _best_and_worst(row):
    """The completions with the highest and the lowest score; equal scores say nothing."""
    scored = []
    for c in turns.listed(row["completions"]):
        said, value = c.get("response", c.get("text", c.get("completion"))), next((c[s] for s in SCORES if c.get(s) is not None), None)
        try:
            scored.append((float(value), turns.text(said)))
        except (TypeError, ValueError):
            continue
    if len(scored) < 2 or max(s for s, _ in scored) == min(s for s, _ in scored):
        raise Mute("no two completions with different scores")
    best, worst = max(scored, key=lambda s: s[0]), min(scored, key=lambda s: s[0])
    say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
    return {"prompt": _prompt(row, row.get("instruction", row.get("prompt"))), "chosen": say(best[1]), "rejected": say(worst[1])}


def _thumb(label):
    known = {"true": True, "1": True, "up": True, "good": True, "false": False, "0": False, "down": False, "bad": False}
    if str(label).lower() not in known:
        raise Untrue(f"label is {json.dumps(label, default=str)[:40]}, neither true nor false")
    return known[str(label).lower()]


def whose(said):
    """Who judged, in the words that there are for it: whatever else stands there may be a name, and was people."""
    return ", ".join(
        dict.fromkeys(word if word in (SIMULATED, NOBODY) else PEOPLE for word in map(str.strip, str(said).lower().split(",")))
    )


def _beside(row, kept=KEPT):
    told = row[JUDGES] if isinstance(row.get(JUDGES), dict) else {}
    judges = {str(who): side for who, side in told.items() if side in ("chosen", "rejected")}
    found = {k: row[k] for k in kept if isinstance(row.get(k), str | int | float)}
    who = str(found.pop("annotators", "")).strip()
    return found | ({"annotators": whose(who)} if who else {}) | ({JUDGES: judges} if judges else {})
