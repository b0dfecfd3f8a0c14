"""A model as the judge of answers side by side, labelled as one: what it prefers, and what it follows instead of the answers."""

from collections import defaultdict
from pathlib import Path

from llmlab.data import judgements
from llmlab.evaluation import agreement, arena, asking, stats
from llmlab.pages import show
from llmlab.spine.params import ROOT
from llmlab.spine.run import MODELS


def place(run, judge):
    """The folder of a judging model: that of one of the run's models by its name, or any."""
    return run[MODELS[judge]] if judge in MODELS else ROOT / Path(judge).expanduser()


def judged(model, tokenizer, asked):
    """Judgements by a model, as `judgements` keeps those of people; "leads" says by how many nats the first answer was ahead in either order.

    It is asked which of two answers is better, and the likelier of the words "A" and "B" is taken for its answer, since a small model that was not taught
    to judge gives no other. It is asked in both orders; a win is what wins in both (Zheng et al. 2023), the rest are ties. A taste for a letter is one for its place here.
    """
    orders = [(q["prompt"], *two) for q in asked for two in ((q["a"], q["b"]), (q["b"], q["a"]))]
    likely = asking.loglikelihood(model, tokenizer, [(_question(*order), word) for order in orders for word in ("A", "B")])
    leads, rows = [round(a - b, 4) for a, b in zip(likely[::2], likely[1::2])], []
    for q, one, two in zip(asked, leads[::2], leads[1::2]):
        choice = "a" if one > 0 > two else "b" if one < 0 < two else "tie"
        row = {key: q[key] for key in ("prompt", "a", "b")}
        rows.append({"item": arena.item(q), **row, "choice": choice, "leads": [one, two], "annotator": "judge"})
    return rows


def _question(prompt, first, second):
    talk = prompt[0]["content"] if len(prompt) == 1 else "\n".join(f"{m['role']}: {m['content']}" for m in prompt)
    text = f"Question: {talk}\n\nAnswer A: {first}\n\nAnswer B: {second}\n\nWhich answer is better? Say A or B."
    return [{"role": "user", "content": text}]


def habits(rows, people):
    """What a judging model follows instead of the answers: results of `stats.interval`, or None where nothing tells.

    Its lead in one order minus that in the other is free of a taste for one place (after Wang et al. 2023); which answer it leans to is told by that.

    Args:
        rows: as `judged` gives them; people: judgements of people, of the same answers.

    Returns: {"order": share of pairs in which its order decided, "first": of these, the first answer was taken, "longer": it leans to the longer answer,
    "people longer": of their choices, the longer answer, "alike": it leans to the answer that most people prefer, "kappa": as `agreement` gives it,
    ties included}.
    """
    people, by_order = judgements.counted(people), [r for r in rows if _by_order(r)]
    leaning = [{**r, "choice": "a" if r["leads"][0] > r["leads"][1] else "b"} for r in rows if r["leads"][0] != r["leads"][1]]
    majority, mine, leans = _majority(people), _choices(rows), _choices(leaning)
    prompt = {r["item"]: str(r["prompt"]) for r in rows}  # one may be that of several pairs
    return {
        "order": _share((_by_order(r), str(r["prompt"])) for r in rows),
        "first": _share((r["leads"][0] > 0, str(r["prompt"])) for r in by_order),
        "longer": _longer(leaning),
        "people longer": _longer(people),
        "alike": _share((leans[i] == said, prompt[i]) for i, said in majority.items() if i in leans and said != "tie"),
        "kappa": agreement.agreement(
            {i: {"judge": mine[i], "people": said} for i, said in majority.items() if i in mine}, cluster=prompt.get
        ),
    }


def _choices(rows):
    """{item: choice} of a judging model, aligned."""
    return {r["item"]: judgements.aligned(r)["choice"] for r in rows}


def _share(found):
    """The interval of (whether it is so, cluster), None of nothing."""
    found = list(found)
    return stats.interval(*zip(*found)) if found else None


def _by_order(row):
    """Whether the same place won in both orders."""
    return (row["leads"][0] > 0) == (row["leads"][1] > 0)


def _longer(rows):
    decided = [r for r in rows if r["choice"] in arena.WON and len(r["a"]) != len(r["b"])]
    return _share((len(r[r["choice"]]) == max(len(r["a"]), len(r["b"])), str(r["prompt"])) for r in decided)


def _majority(people):
    """{item: what most people said of it}, aligned; a tie where as many said the opposite."""
    by = defaultdict(float)
    for row in people:
        by[row["item"]] += arena.WON.get(row["choice"], 0.5) - 0.5
    return {item: "a" if lead > 0 else "b" if lead < 0 else "tie" for item, lead in by.items()}


def steady(found):
    """Whether a judging model is shown to say the same in both orders more often than a coin: its order decides less than half of the pairs. A judge that counts
    words is steady, too; whether it judges as people do is another question."""
    return found["order"]["high"] < 0.5


def worth(found):
    """What a judging model's standings are worth, in a sentence.

    Args:
        found: as `habits` gives it.
    """
    order = found["order"]
    decided = f"The order in which it read the answers decided {order['score']:.0%} [{order['low']:.0%}, {order['high']:.0%}] of {order['n']} pairs"
    if not steady(found):
        return f"{decided}; of a coin it would be half: this judge is not worth quoting."
    kappa = found["kappa"]
    if not kappa or kappa["low"] is None or kappa["low"] <= 0:
        return f"{decided}, fewer than of a coin; that it judges as people do is not shown."
    return f"{decided}, fewer than of a coin, and it agrees with people more often than by chance."


def told(found):
    """Rows of a table, of what `habits` found."""
    named = {
        "order": "its order decided",
        "first": "of these, for the first answer",
        "longer": "leans to the longer answer",
        "alike": "leans to the answer that people prefer",
    }
    of = {"the judging model": found, "people": {"longer": found["people longer"]}}
    return [{"who": who, **{name: show.score(r) if (r := of[who].get(key)) else "–" for key, name in named.items()}} for who in of]
