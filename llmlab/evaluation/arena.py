"""Side by side, blind: which of several models answers the same questions better, by what was judged, whoever judged (see `referee` for a model that does).

Strengths are Bradley and Terry's (1952): i is preferred to j with probability s_i / (s_i + s_j). They are found by Hunter's iterations (2004), a tie
being half a win for either. Each two models that were compared have half a win more each, which is Firth's correction (1993) where there are two: one
that always loses has a finite strength, nearer to the others the fewer questions there are. Intervals are of a Bayesian bootstrap (Rubin 1981) over
the clusters of the questions, since it is questions that were drawn; of two models and independent questions without a tie it is Jeffreys' interval.
"""

import itertools
import random
import re
from collections import Counter, defaultdict

import numpy

from llmlab.data import judgements
from llmlab.evaluation import stats
from llmlab.pages import show

FILE = "arena.jsonl"  # of what people judged, beside the run's phases
PAIRS = 60  # of answers that a run asks about: two sittings
SCALE = 400 / numpy.log(10)  # points: 400 are odds of ten to one (Elo 1978)
DRAWS, STEPS = 4000, 3000  # of the bootstrap; iterations at most
WON = {"a": 1.0, "b": 0.0}
FROM = re.compile(r"(.*) at [\d.]+(?: \[(\w+)\])?")  # where an answer is from: a model, its temperature, and a mark of its weights


# --- what is asked ----------------------------------------------------------------------------------------------------------------------
def drawn(answers, questions, seed=0, most=PAIRS):
    """[{"prompt", "a", "b", "from": [model of a, of b], "task", "cluster", "alike"}]: answers of two models to one question, as many of each two models.

    Questions come from all tasks in turn and at random. Those that both models answer alike are not asked: "alike" says how many were drawn since the
    pair before, each of them a tie that nobody needs to judge.

    Args:
        answers: {model: {id: sample}}, samples as `evaluate` writes them; only answers in words are compared.
        questions: items of the tasks.
    """
    known, both = {q["id"]: q for q in questions}, list(itertools.combinations(answers, 2))
    found = [itertools.islice(_different(answers, *two, known, seed), most // len(both)) for two in both]
    return [row for turn in itertools.zip_longest(*found) for row in turn if row]  # a sitting sees all models


def blind(asked):
    """The pairs as people are asked about them: without the names of the models, which would stand in the file of their judgements."""
    return [{key: value for key, value in q.items() if key != "from"} for q in asked]


def _different(answers, first, second, known, seed):
    alike = 0
    for sample in _in_turn(shared(answers, first, second), f"{seed} {first} {second}"):
        question, (a, b) = known[sample["id"]], (answers[m][sample["id"]]["answer"] for m in (first, second))
        if _same(a, b):
            alike += 1
            continue
        prompt = question.get("messages") or [{"role": "user", "content": question["text"]}]
        yield {
            "prompt": prompt,
            "a": a,
            "b": b,
            "from": [first, second],
            "task": sample["task"],
            "cluster": sample["cluster"],
            "alike": alike,
        }
        alike = 0


def shared(answers, first, second):
    """Samples of the questions that two models answered in words."""
    theirs = answers[second]
    return [s for i, s in answers[first].items() if isinstance(s["answer"], str) and isinstance(theirs.get(i, {}).get("answer"), str)]


def _same(a, b):
    return a.split() == b.split()


def _in_turn(samples, seed):
    """Samples at random, one task after the other."""
    rng, by = random.Random(seed), defaultdict(list)
    for sample in samples:
        by[sample["task"]].append(sample)
    tasks = rng.sample(list(by.values()), len(by))
    return [s for turn in itertools.zip_longest(*(rng.sample(of, len(of)) for of in tasks)) for s in turn if s]


def compared(answers, asked):
    """Rows {"models", "questions", "answered alike", "asked"} of each two models."""
    rows = []
    for first, second in itertools.combinations(answers, 2):
        both = shared(answers, first, second)
        alike = sum(_same(s["answer"], answers[second][s["id"]]["answer"]) for s in both)
        count = sum(q["from"] == [first, second] for q in asked)
        rows.append({"models": f"{first}, {second}", "questions": len(both), "answered alike": alike, "asked": count})
    return rows


# --- what was said ----------------------------------------------------------------------------------------------------------------------
def said(path, asked):
    """(judgements of a file that are of these answers, how many are of others); a line that is none is passed over."""
    wanted = {"item", "prompt", "a", "b", "choice", "annotator"}
    rows = [r for r in judgements.read(path)[0] if wanted <= set(r) and isinstance(r["a"], str) and isinstance(r["b"], str)]
    items = {item(q) for q in asked}
    mine = [r for r in rows if r["item"] in items or "gold" in r]  # gold tests the annotator, and is no game
    return mine, len(rows) - len(mine)


def asked_about(rows):
    """The pairs that judgements of two models are about, as `drawn` gives them: which model gave which answer stands in the judgement itself. Where a name was
    that of several weights, as before and after a training, each is a model of its own, and named with its mark."""
    both = [(row, two) for row in judgements.counted(rows) if len(dict(two := _models(row))) == 2]
    marks, found = defaultdict(set), {}
    for name, mark in itertools.chain.from_iterable(two for _, two in both):
        marks[name].add(mark)
    for row, two in both:
        models = [f"{name} [{mark}]" if mark and len(marks[name]) > 1 else name for name, mark in two]
        asked = {"prompt": row["prompt"], "a": row["a"], "b": row["b"], "from": models, "cluster": str(row["prompt"]), "alike": 0}
        found.setdefault(row["item"], asked)
    return list(found.values())


def _models(row):
    """[(name, mark of its weights, "" if none was kept)] of the models whose answers were judged; each answered at several temperatures."""
    found = [FROM.fullmatch(str(of)) or (None, str(of), "") for of in row.get("from", ())]
    return [(one[1], one[2] or "") for one in found]


def item(asked):
    """The name under which a pair is judged."""
    return judgements.item_id(asked["prompt"], asked["a"], asked["b"])


def games(asked, rows):
    """[(first model, second, share that the first won, cluster)] of the questions that were judged, and of those answered alike before them.

    A question counts once, with the mean of what was said of it; a tie, and "both bad", is half a win.

    Args:
        asked: as `drawn` gives it; rows: judgements of it.
    """
    by, found = defaultdict(list), []
    for row in judgements.counted(rows):
        by[row["item"]].append(WON.get(row["choice"], 0.5))
    for q in asked:
        if won := by.get(item(q)):
            share = sum(won) / len(won)  # of the answer that comes first in the alphabet
            found.append((*q["from"], share if q["a"] <= q["b"] else 1 - share, str(q["cluster"])))
            found += [(*q["from"], 0.5, str(q["cluster"]))] * q["alike"]
    return found


# --- who is better ----------------------------------------------------------------------------------------------------------------------
def strengths(wins):
    """Logarithms of Bradley and Terry's strengths, with a mean of 0. wins: array (…, M, M), how often each won against each."""
    met = wins + numpy.swapaxes(wins, -1, -2)
    logs = numpy.zeros(wins.shape[:-1])
    for _ in range(STEPS):
        s = numpy.exp(logs)
        after = numpy.log(wins.sum(-1) / (met / (s[..., :, None] + s[..., None, :])).sum(-1))
        after -= after.mean(-1, keepdims=True)
        before, logs = logs, after
        if numpy.abs(logs - before).max() < 1e-7:
            break
    return logs


def standings(played, seed=0):
    """[{"model", "rating", "low", "high", "n", "clusters"}], the best first: points above the mean of the models, with 95 % intervals, and how many
    questions they rest on. [] if no two models were compared; models that no chain of comparisons connects with the most compared are left out.

    Args:
        played: as `games` gives it, in any order.
    """
    models = sorted(_connected(played))
    played = sorted(g for g in played if g[0] in models)
    if len(models) < 2:
        return []
    at, clusters = {m: n for n, m in enumerate(models)}, {c: n for n, c in enumerate(sorted({g[3] for g in played}))}
    won_GxMxM = numpy.zeros((len(played), len(models), len(models)))
    for n, (first, second, share, _) in enumerate(played):
        won_GxMxM[n, at[first], at[second]], won_GxMxM[n, at[second], at[first]] = share, 1 - share
    met_MxM = (won_GxMxM + won_GxMxM.transpose(0, 2, 1)).sum(0) > 0
    rng = numpy.random.default_rng(seed)
    weight_DxG = rng.exponential(size=(DRAWS, len(clusters)))[:, [clusters[g[3]] for g in played]]
    half_DxMxM = rng.gamma(0.5, size=(DRAWS, *met_MxM.shape)) + 1e-12
    rating = SCALE * strengths(won_GxMxM.sum(0) + 0.5 * met_MxM)
    again = SCALE * strengths(numpy.einsum("dg,gij->dij", weight_DxG, won_GxMxM) + half_DxMxM * met_MxM)
    rows = [
        {
            "model": model,
            "rating": float(rating[n]),
            "low": min(float(rating[n]), stats.percentile(again[:, n], 2.5)),
            "high": max(float(rating[n]), stats.percentile(again[:, n], 97.5)),
            "n": sum(model in g[:2] for g in played),
            "clusters": len({g[3] for g in played if model in g[:2]}),
        }
        for model, n in at.items()
    ]
    return sorted(rows, key=lambda r: -r["rating"])


def _connected(played):
    met = Counter(m for g in played for m in set(g[:2]))
    found = {max(met, key=lambda m: (met[m], m))} if met else set()
    while more := {m for g in played if found & set(g[:2]) for m in g[:2]} - found:
        found |= more
    return found


def duels(played):
    """Rows {"models", "preferred", "tied", "other", "share", "low", "high", "n", "detectable", "says"} of each two models that were compared.

    "share" is that of wins of the first, ties being half, its interval and what it says those of `stats.difference` between winning and losing,
    corrected for the number of pairs (Holm 1979); "detectable" how far from one half a share must truly lie to be found four times in five.
    """
    by = defaultdict(list)
    for first, second, share, cluster in played:
        by[first, second].append((share, cluster))
    tests = {two: stats.difference([1 - s for s, _ in of], [s for s, _ in of], [c for _, c in of]) for two, of in by.items()}
    rows, told = [], {"better": "{0} is preferred", "worse": "{1} is preferred"}
    for two, test in stats.together(tests).items():
        shares = [s for s, _ in by[two]]
        ends = {k: (1 + test[of]) / 2 for k, of in (("share", "difference"), ("low", "low"), ("high", "high"))}
        first, other = sum(s > 0.5 for s in shares), sum(s < 0.5 for s in shares)
        counts = {"preferred": first, "tied": len(shares) - first - other, "other": other}
        says = told.get(test["verdict"], "no preference is shown").format(*two)
        rows.append({"models": two, **counts, **ends, "n": len(shares), "detectable": test["detectable"] / 2, "says": says})
    return rows


def told(rows):
    """Rows of a table, of what `duels` found."""
    return [
        {
            "one": (two := r["models"])[0],
            "other": two[1],
            "one is better": r["preferred"],
            "tied": r["tied"],
            "the other is better": r["other"],
            "share won by the one": show.score({**r, "score": r["share"]}),
            "could have shown": f"0.5 ± {r['detectable']:.2f}",
            "says": r["says"],
        }
        for r in rows
    ]
