"""One person's sittings: which question comes next, blind and in random order, with gold items and repeats mixed in; and what is said of it is kept.

Whoever asks, a widget in a notebook or a page in a browser, holds nothing itself: all state is in the file of judgements, so a reload, a killed
kernel or a second tab loses nothing and asks nothing twice.
"""

import hashlib
import math
import os
import random
import statistics
from collections import defaultdict

from llmlab.data import judgements

NAME = "LLMLAB_ANNOTATOR"
MOST = 30  # questions of one sitting: after that people judge worse
GOLD, REPEATS = 0.15, 0.1  # shares of the questions whose answer is known, and of those that are asked a second time, sides exchanged
ENOUGH = 3  # judgements of an item, before others are asked
REASONS = ("wrong", "rude", "gives away too much", "declines for no reason", "too long", "not what was asked")
SCALES = {"pair": judgements.CHOICES, "score": judgements.SCORES, "thumb": (1, 5)}


class Sitting:
    """The questions of one annotator.

    Args:
        path: file of judgements, of everybody.
        items: [{"prompt": messages, "a": text, "b": text, "gold": the right choice, if it is known}], the most wanted first; an item without "b" is
            a single answer, judged on its "scale": "score" (1 to 5) or "thumb".
        annotator: a name or number; pages of results show none. Empty where a widget asks, or LLMLAB_ANNOTATOR says it: a parameter would stand in
        the report.
        most: questions of a sitting, gold items and repeats included.
    """

    def __init__(self, path, items, annotator="", most=MOST, seed=0):
        self.usual, self.known = os.environ.get(NAME, ""), bool(annotator)
        self.annotator = judgements.named(annotator or self.usual or "me")
        self.path, self.most, self.drawn, self.seed = path, most, seed, f"{seed} {self.annotator}"
        self.items = {judgements.item_id(i["prompt"], *_answers(i)): i for i in items}
        self.keys = {self._token(key): key for key in ((i, n) for i in self.items for n in (0, 1))}
        self.begun = max(0, len(self.mine()) - 1) // most * most  # a sitting that is full stays over: another is asked for

    def of(self, annotator):
        """The same questions for somebody, who need not be this one."""
        return (
            self
            if judgements.named(annotator) == self.annotator
            else Sitting(self.path, self.items.values(), annotator, self.most, self.drawn)
        )

    def _token(self, key):
        """What the browser knows of a question: nothing that tells a repeat or a gold item apart."""
        return hashlib.sha256(f"{self.seed} {key}".encode()).hexdigest()[:16]

    def mine(self, rows=None):
        """This annotator's judgements of these questions that stand; the file may hold those of others, which were asked before or on another
        scale."""
        rows = judgements.read(self.path)[0] if rows is None else rows
        return [r for r in rows if r.get("annotator") == self.annotator and r.get("item") in self.items]

    def question(self):
        """What to show: {"token", "prompt", "left", "right" or None, "scale", "done", "of", "seconds_left", "undo"}; without "token" when this
        sitting is over, and with "more", the number of questions that are left for another. "undo" is the token of what can be taken back, or None.

        Which answer is on the left is drawn per item and annotator; nothing tells where an answer comes from, or whether it is known which is right.
        """
        rows = judgements.read(self.path)[0]
        mine = self.mine(rows)
        open_, again = self._open(rows, mine), self._again(mine)
        done = len(mine) - self.begun
        twice = sum(bool(r.get("repeat")) for r in mine[self.begun :])
        fresh = done - twice + len(open_)  # questions that this sitting began with
        planned = round(REPEATS * fresh)
        state = {"done": done, "of": min(self.most, fresh + max(planned, twice)), "reasons": list(REASONS)}
        state["undo"] = self._token((mine[-1]["item"], mine[-1].get("repeat", 0))) if mine else None
        if took := [r["seconds"] for r in mine if "seconds" in r]:
            state["seconds_left"] = round(statistics.median(took) * (state["of"] - done))
        again = again if twice < planned else []
        if done >= self.most or not (open_ or again):
            return {**state, "of": done, "more": len(open_)}
        item, repeat = key = self._next(open_, again, mine)
        asked = self.items[item]
        first, second = asked["a"], asked.get("b")
        if second is not None and self.shown(key) == "ba":
            first, second = second, first
        scale = "pair" if second is not None else asked.get("scale", "score")
        return {**state, "token": self._token(key), "prompt": asked["prompt"], "left": first, "right": second, "scale": scale}

    def _again(self, mine):
        """Questions that may be asked a second time: what was answered at least five questions ago. Of one that was skipped there is no answer to hold
        another against, and what is said at a repeat counts nowhere else."""
        asked = _asked(mine)
        return [(r["item"], 1) for r in mine[:-5] if not r.get("repeat") and r.get("choice") != "skip" and (r["item"], 1) not in asked]

    def _open(self, rows, mine):
        """{(item, 0): what others said of it} of the items that this annotator was not asked, the most wanted first. Who is asked twice is one
        person still."""
        asked, said = {r.get("item") for r in mine}, defaultdict(list)
        for r in (r for r in rows if r.get("choice") != "skip" and not r.get("repeat")):
            said[r.get("item")].append(r.get("choice", r.get("score")))
        return {(i, 0): said.get(i, []) for i in self.items if i not in asked}

    def _next(self, open_, again, mine):
        """The next question. Its kind is drawn by how many came before, so that a reload asks the same again.

        Half of the questions go to items that others have begun to judge, until three have, since agreement is seen in those alone; where two said
        different things, a third decides, so those come first. Of answers that are asked about alone, one to a prompt of which this annotator has
        judged another comes first, since two scores of one person compare better than those of two.
        """
        rng = random.Random(f"{self.seed} {len(mine)}")
        gold = [key for key in open_ if "gold" in self.items[key[0]]]
        wanted = {key: said for key, said in open_.items() if "gold" not in self.items[key[0]]}
        kind, begun = rng.random(), rng.random() < 0.5
        if gold and (kind < GOLD or not wanted):
            return rng.choice(gold)
        if again and (kind < GOLD + REPEATS or not wanted):
            return rng.choice(again)
        shared, fresh = ([k for k, said in wanted.items() if low <= len(said) < high] for low, high in ((1, ENOUGH), (0, 1)))
        disputed = [k for k in shared if len(set(wanted[k])) > 1]
        pool = ((disputed or shared) if begun else fresh) or fresh or shared or list(wanted)
        known = {str(r["prompt"]) for r in mine[:-2]}
        other = [k for k in pool if self.items[k[0]].get("b") is None and str(self.items[k[0]]["prompt"]) in known]
        return rng.choice((other or pool)[:10])

    def shown(self, key):
        """ "ab" or "ba": the order in which the answers of an item are shown; a repeat exchanges them."""
        item, repeat = key
        swapped = random.Random(f"{self.seed} {item}").random() < 0.5
        return "ba" if swapped != bool(repeat) else "ab"

    def judge(self, token, side, seconds=None, comment="", reasons=(), tab=""):
        """Keeps a judgement: `side` is left, right, tie, bad or skip, or a score. One that was given already in another tab is kept as it was; the
        same tab asks twice only where no reply reached it, so that there the last judgement counts.

        Raises ValueError for what was not asked.
        """
        if token not in self.keys:
            raise ValueError("a question that is not of this sitting")
        item, repeat = key = self.keys[token]
        asked = self.items[item]
        row = {"item": item, "prompt": asked["prompt"], "a": asked["a"], "annotator": self.annotator, "repeat": repeat}
        row |= {"from": asked["from"]} if "from" in asked else {}
        row |= self._said(asked, key, side)
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and math.isfinite(seconds) and 0 <= seconds < 86_400:
            row["seconds"] = seconds
        told = {
            "comment": str(comment)[:2000],
            "reasons": [r for r in reasons if r in REASONS],
            "gold": asked.get("gold"),
            "tab": str(tab)[:40],
        }
        row |= {k: v for k, v in told.items() if v}
        before = next((r for r in self.mine() if (r["item"], r.get("repeat", 0)) == key), None)
        if before is None or judgements.replaces(row, before):
            judgements.append(self.path, row)

    def _said(self, asked, key, side):
        if asked.get("b") is None:
            if side != "skip" and (type(side) is not int or side not in SCALES[asked.get("scale", "score")]):
                raise ValueError(f"{side!r} is no score")
            return {"choice": "skip"} if side == "skip" else {"score": side}
        shown = self.shown(key)
        choice = {"left": shown[0], "right": shown[1]}.get(side, side) if isinstance(side, str) else side
        if choice not in ("tie", "bad", "skip") and side not in ("left", "right"):
            raise ValueError(f"{side!r} is no choice")
        return {"b": asked["b"], "choice": choice, "shown": shown}

    def undo(self, token):
        """Takes one of this annotator's judgements back, so that it is asked again; nothing happens if it does not stand any more, as after a reply
        that was lost."""
        mine = self.mine()
        for row in mine:
            if self._token((row["item"], row.get("repeat", 0))) == token:
                judgements.append(self.path, {"undo": row["item"], "repeat": row.get("repeat", 0), "annotator": self.annotator})
                self.begun = min(self.begun, len(mine) - 1)

    def go_on(self):
        """Another sitting, right after this one."""
        self.begun = len(self.mine())


def _asked(rows):
    return {(r.get("item"), r.get("repeat", 0)) for r in rows}


def _answers(item):
    return [item["a"]] if item.get("b") is None else [item["a"], item["b"]]
