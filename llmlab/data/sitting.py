"""One person's sitting: which question comes next, blind and in random order, with gold items and repeats mixed in; and what is said of it is kept.

Whoever asks, a widget in a notebook or a page in a browser, holds nothing itself: all state is in the file of judgements, so a reload, a killed
kernel or a second tab loses nothing and asks nothing twice.
"""

import random
import statistics

from llmlab.data import judgements

MOST = 30  # questions of one sitting: after that people judge worse
REPEATS = 0.1  # share of the questions that are asked a second time, sides exchanged, to see whether somebody agrees with himself
REASONS = ("wrong", "rude", "gives away too much", "declines for no reason", "too long", "not what was asked")


class Sitting:
    """The questions of one annotator.

    Args:
        path: file of judgements, of everybody.
        items: [{"prompt": messages, "a": text, "b": text or None for a single answer, "gold": the right choice, if it is known, "why": asked}],
            the most wanted first; those with "gold" are mixed in.
        annotator: a name or number; pages of results show none.
        most: questions of this sitting, repeats included.
    """

    def __init__(self, path, items, annotator, most=MOST, seed=0):
        self.path, self.annotator, self.most = path, annotator, most
        self.seed = f"{seed} {annotator}"
        self.items = {judgements.item_id(i["prompt"], *_answers(i)): i for i in items}
        self.plan = self._planned(list(self.items))

    def _planned(self, ids):
        """[(id, how often it was asked before)] of the sitting: in small groups the order is random, so that the most wanted stay in front."""
        rng = random.Random(self.seed)
        wanted = [i for i in ids if "gold" not in self.items[i]]
        gold = [i for i in ids if "gold" in self.items[i]]
        groups = [wanted[n : n + 10] for n in range(0, len(wanted), 10)]
        order = [i for group in groups for i in rng.sample(group, len(group))]
        again = max(1, round(REPEATS * self.most)) if len(order) > 3 else 0
        order = order[: max(0, self.most - again - min(len(gold), again))]
        plan = [(i, 0) for i in order]
        for i in rng.sample(gold, min(len(gold), again)):
            plan.insert(rng.randrange(len(plan) + 1), (i, 0))
        for i, _ in rng.sample(plan[: len(plan) // 2], min(again, len(plan) // 2)):
            plan.insert(rng.randrange(len(plan) // 2 + 2, len(plan) + 1), (i, 1))
        return plan

    def mine(self):
        """This annotator's judgements that stand."""
        return [r for r in judgements.read(self.path)[0] if r.get("annotator") == self.annotator]

    def question(self):
        """What to show: {"item", "repeat", "prompt", "left", "right" or None, "done", "of", "seconds_left"}; without "item" when all is said.

        Which answer is on the left is drawn per item and annotator; nothing tells where an answer comes from.
        """
        said = {(r.get("item"), r.get("repeat", 0)): r for r in self.mine()}
        left = [key for key in self.plan if key not in said]
        took = [r["seconds"] for r in said.values() if isinstance(r.get("seconds"), (int, float))]
        state = {"done": len(self.plan) - len(left), "of": len(self.plan), "reasons": list(REASONS)}
        if took:
            state["seconds_left"] = round(statistics.median(took) * len(left))
        if not left:
            return state
        key, repeat = left[0]
        item = self.items[key]
        first, second = (item["a"], item.get("b"))
        if second is not None and self.shown(key, repeat) == "ba":
            first, second = second, first
        return {**state, "item": key, "repeat": repeat, "prompt": item["prompt"], "left": first, "right": second}

    def shown(self, key, repeat):
        """ "ab" or "ba": the order in which the answers of an item are shown; a repeat exchanges them."""
        swapped = random.Random(f"{self.seed} {key}").random() < 0.5
        return "ba" if swapped != bool(repeat) else "ab"

    def judge(self, item, repeat, side, seconds=None, comment="", reasons=()):
        """Keeps a judgement: `side` is left, right, tie, bad or skip, or a score from 1 to 5. One that was given already (in another tab) is kept as it was.

        Raises ValueError for what was not asked.
        """
        if (item, repeat) not in self.plan:
            raise ValueError("a question that is not in this sitting")
        if any((r.get("item"), r.get("repeat", 0)) == (item, repeat) for r in self.mine()):
            return
        asked, shown = self.items[item], self.shown(item, repeat)
        row = {"item": item, "prompt": asked["prompt"], "a": asked["a"], "annotator": self.annotator, "repeat": repeat}
        if asked.get("b") is None:
            if side != "skip" and side not in judgements.SCORES:
                raise ValueError(f"{side!r} is no score")
            row |= {"choice": "skip"} if side == "skip" else {"score": side}
        else:
            choice = {"left": shown[0], "right": shown[1]}.get(side, side)
            if choice not in judgements.CHOICES:
                raise ValueError(f"{side!r} is no choice")
            row |= {"b": asked["b"], "choice": choice, "shown": shown}
        told = {"seconds": seconds, "comment": str(comment)[:2000], "reasons": [r for r in reasons if r in REASONS]}
        gold = {"gold": asked["gold"]} if "gold" in asked else {}
        judgements.append(self.path, {**row, **{k: v for k, v in told.items() if v}, **gold})

    def undo(self):
        """Takes this annotator's last judgement back, so that it is asked again."""
        mine = [r for r in self.mine() if (r.get("item"), r.get("repeat", 0)) in self.plan]
        if mine:
            last = mine[-1]
            judgements.append(self.path, {"undo": last["item"], "repeat": last.get("repeat", 0), "annotator": self.annotator})


def _answers(item):
    return [item["a"]] if item.get("b") is None else [item["a"], item["b"]]
