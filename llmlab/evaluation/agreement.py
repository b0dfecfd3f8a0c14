"""How good are the judges? Agreement corrected for chance, how far each of them is to be trusted, and what their choices follow instead of the answers.

Measures by what was judged: two people who judged the same items, Cohen's kappa (1960); several who judged as many each, Fleiss' (1971); any number,
with gaps or on a scale, Krippendorff's alpha (2011). Intervals are of a bootstrap over items, since it is items that were drawn.
"""

import itertools
import random
import statistics
from collections import Counter, defaultdict

import numpy

from llmlab.data import feedback, judgements, trust
from llmlab.evaluation import stats

ROUNDS = 500  # of the bootstrap
REFITS = 200  # of the bootstrap of a ceiling, each of which works out who is to be trusted
HASTE = 1.0  # seconds in which nobody reads two answers


def cohen(pairs):
    """Cohen's kappa of [(a, b)]; None if nobody ever differs from one value."""
    n, firsts, seconds = len(pairs), Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / n
    expected = sum(firsts[v] * seconds[v] for v in firsts) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def fleiss(items):
    """Fleiss' kappa of lists of values, one list per item, all of one length."""
    raters, total, observed = len(items[0]), Counter(), 0.0
    for values, times in Counter(map(tuple, items)).items():  # items of which the same was said are looked at once
        each = Counter(values)
        total.update({v: times * k for v, k in each.items()})
        observed += times * sum(k * (k - 1) for k in each.values()) / (raters * (raters - 1)) / len(items)
    expected = sum((k / sum(total.values())) ** 2 for k in total.values())
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff(items, level="nominal"):
    """Krippendorff's alpha of lists of values, one list per item, of any length; `level` may be "ordinal" or "interval" for scores."""
    import krippendorff as library

    kept = [values for values in items if len(values) > 1]
    known = sorted({v for values in kept for v in values}, key=str if level == "nominal" else float)
    if not kept or len(known) < 2:
        return None
    counts = numpy.array([[values.count(v) for v in known] for values in kept])
    return float(
        library.alpha(
            value_counts=counts, value_domain=known if level != "nominal" else list(range(len(known))), level_of_measurement=level
        )
    )


def agreement(judged, level="nominal", seed=0, cluster=None):
    """{"measure", "score", "low", "high", "n": items, "annotators", "why"}: the measure that fits what was judged, with its interval; None if nothing was
    judged twice.

    Args:
        judged: {item: {annotator: what was said}}, as `feedback.table` gives it.
        cluster: function: item → what it was drawn with, as several answers to one question are; each for itself if left out.
    """
    twice = {item: said for item, said in judged.items() if len(said) > 1}
    if not twice:
        return None
    people = sorted({a for said in twice.values() for a in said})
    name, why, shape, measure = _fitting(list(twice.values()), people, level)
    shaped = {item: shape(said) for item, said in twice.items()}
    items, score = list(shaped.values()), measure(list(shaped.values()))
    told = {"measure": name, "score": score, "low": None, "high": None, "n": len(items), "annotators": len(people), "why": why}
    if score is None:
        return {**told, "why": "everybody always said the same, so that nothing tells agreement from chance"}
    groups = defaultdict(list)
    for item, said in shaped.items():
        groups[cluster(item) if cluster else item].append(said)
    rng, groups = random.Random(seed), list(groups.values())
    some = (list(itertools.chain(*rng.choices(groups, k=len(groups)))) for _ in range(ROUNDS))
    drawn = [again for of in some if (again := measure(of)) is not None]
    low, high = (stats.percentile(drawn, q) for q in (2.5, 97.5)) if drawn else (-1.0, 1.0)
    sure = score - (1 - stats.provable(len(groups)))  # a few items without a miss are no certainty
    return {**told, "low": max(-1.0, min(low, sure)), "high": min(1.0, max(high, score))}


def _fitting(items, people, level):
    """(name, why, function of an item's {annotator: value} that gives what is measured of it, function of a list of these) of the measure that fits."""
    values = lambda said: tuple(said.values())  # noqa: E731
    if level != "nominal":
        why = "a scale: to differ by one is less than by four"
        return "Krippendorff's alpha", why, values, lambda items: krippendorff(items, level)
    if len(people) == 2 and all(len(said) == 2 for said in items):
        return "Cohen's kappa", "two people who judged the same items", lambda said: (said[people[0]], said[people[1]]), cohen
    if len({len(said) for said in items}) == 1 and len(items[0]) > 2:
        return "Fleiss' kappa", "as many judgements of each item", values, fleiss
    return "Krippendorff's alpha", "not everybody judged everything", values, krippendorff


# --- whom to trust ----------------------------------------------------------------------------------------------------------------------
def ceiling(judged, seed=0):
    """How often the answer that is learnt as the better one is the better one, as far as the annotators allow to tell (Dawid & Skene 1979): a model that
    knew the truth would agree with these labels no more often. Where annotators err together, on what is hard to see, this is too high.

    {"score", "low", "high", "n": items} of the items that are learnt from and weighed, as `feedback.decided` has them; None if there are none. The
    interval is of a bootstrap over items, reliabilities worked out anew each time.

    Args:
        judged: {item: {annotator: choice}}.
    """
    kinds, times, again = _resampled(judged, seed)
    most, n = _likely(kinds, times)
    if not n:
        return None
    drawn = [found for some in again if (found := _likely(_those(kinds, some), some, 1e-3)[0]) is not None]
    return {"score": most, "low": stats.percentile(drawn, 2.5), "high": stats.percentile(drawn, 97.5), "n": n}


def reliabilities(judged, seed=0):
    """{annotator: how often he is right, as the others let one tell (`trust.weighed`)}, with the interval of a bootstrap over items; n are those that he judged and
    that enough others did. A few items without a miss are no certainty.

    Args:
        judged: as `ceiling` takes it.
    """
    kinds, times, again = _resampled(judged, seed)
    known, drawn = trust.weighed(kinds, times=times)[0], defaultdict(list)
    for some in again if known else ():
        for who, value in trust.weighed(_those(kinds, some), 1e-3, some)[0].items():
            drawn[who].append(value)
    count, found = Counter(who for said in judged.values() if len(said) >= trust.LEAST for who in said), {}
    for who, value in known.items():
        low, high = (stats.percentile(drawn[who] or [value], end) for end in (2.5, 97.5))
        found[who] = {"score": value, "low": min(low, value - 1 + stats.provable(count[who])), "high": max(high, value), "n": count[who]}
    return found


def _resampled(judged, seed):
    """(the different items, how often each stands, bootstrap samples of them): items of which the same people said the same are worked out once."""
    kinds, times, rng = {}, Counter(), random.Random(seed)
    for said in judged.values():
        mark = str(sorted(said.items()))
        kinds[mark], times[mark] = said, times[mark] + 1
    return kinds, times, (Counter(rng.choices(list(kinds), times.values(), k=len(judged))) for _ in range(REFITS if kinds else 0))


def _those(kinds, some):
    return {mark: said for mark, said in kinds.items() if mark in some}


def _likely(kinds, times, close=1e-6):
    """(the mean likelihood that the preferred answer is the better one, of how many items it is known); (None, 0) of none."""
    known = {mark: p for mark, (_, p) in feedback.decided(kinds, close, times).items() if p is not None}
    n = sum(times[mark] for mark in known)
    return (sum(times[mark] * p for mark, p in known.items()) / n, n) if n else (None, 0)


def ceilings(judged):
    """{who: how often it agrees with the label}, of a model that knew the truth and of one annotator; {} where nobody can say. judged: as for `ceiling`."""
    most, one = ceiling(judged), one_person(judged)
    told = {"a model that knew the truth, estimated of the items learnt from": most, "one person, with most of the others": one}
    return {who: found for who, found in told.items() if found} if most else {}


def one_person(judged):
    """How often one annotator says what most of the others say. A result of `stats.interval`, items being its clusters; None if no item has three judgements.

    Args:
        judged: as `ceiling` takes it.
    """
    alike, items = [], []
    for item, said in judged.items():
        choices = {who: v for who, v in said.items() if v in ("a", "b")}
        for who, value in choices.items():
            others = Counter(v for other, v in choices.items() if other != who)
            if len(choices) > 2 and others["a"] != others["b"]:
                alike.append(float(value == max(others, key=others.get)))
                items.append(item)
    return stats.interval(alike, items) if alike else None


# --- what a choice follows instead of the answers ---------------------------------------------------------------------------------------
def judges(rows):
    """A row per annotator, without a name unless it is a simulated one: how many judgements, gold items right, agreement with oneself, the time taken,
    and what the choices follow.

    Shares carry 95 % intervals; a share of first answers whose interval leaves one half is a bias. The longer answer may be the better one, so that the share
    of the others stands beside it, on the questions that both decided. Who is not named has no row.
    """
    by = defaultdict(list)
    for row in rows:
        if not row.get("unnamed"):
            by[row["annotator"]].append(row)
    judged = feedback.table(judgements.counted(rows))
    known = reliabilities(judged)
    paces = {who: statistics.median(times) for who, said in by.items() if (times := [r["seconds"] for r in said if "seconds" in r])}
    usual = {who: statistics.median([p for other, p in paces.items() if other != who] or [paces[who]]) for who in paces}
    return [
        {
            "annotator": f"{who} (simulated)" if said[0].get("simulated") else f"no. {n}",
            "reliability, estimated": _ends(known[who]) if who in known else None,
            **_judge(said, paces.get(who), usual.get(who)),
            **_drift(who, said, rows),
            **_longer(who, rows),
        }
        for n, (who, said) in enumerate(by.items(), 1)
    ]


def _judge(said, took, usual):
    first = [r for r in said if not r.get("repeat")]
    decided = [r for r in first if r.get("choice") in ("a", "b")]
    gold = [r for r in first if "gold" in r and _said(r) != "skip"]
    return {
        "judgements": len(said),
        "gold": _share(map(_is_right, gold)),
        "gold, first half → second": _halves(map(_is_right, _in_time(gold)), _share),
        "agrees with oneself": _share(_alike(said)),
        "seconds": took,
        "hurries": None if took is None else "yes" if took < HASTE or took < usual / 3 else "no",
        "chose the first": _share(r["choice"] == r["shown"][0] for r in decided if "shown" in r),
    }


def _is_right(row):
    """Whether a gold item was judged as is known to be right; a score, whether it lies on that side of the middle."""
    if "score" not in row:
        return row["choice"] == row["gold"]
    return row["score"] != judgements.MIDDLE and (row["score"] > judgements.MIDDLE) == (row["gold"] > judgements.MIDDLE)


def _drift(who, said, rows):
    """Whether somebody judges otherwise in the second half than in the first: how fast, and how often as others do, which gold items may be too few to show."""
    seconds = [r["seconds"] for r in _in_time(said) if "seconds" in r]
    return {
        "seconds, first half → second": _halves(seconds, lambda times: f"{statistics.median(times):.1f}"),
        "agrees with others, first half → second": _halves(_as_others(who, rows), _share),
    }


def _in_time(rows):
    """The rows that say when they were given, in that order: that of a file is no time, where another tool or nobody says it."""
    return sorted((r for r in rows if judgements.when(r) is not None), key=judgements.when)


def _as_others(who, rows):
    """Whether each judgement of somebody that says when it was given is what most others say of the item; a score, whether it is within one of their mean. Where
    they say nothing, or differ, it is left out."""
    found, said, own = [], defaultdict(list), []
    for row in [*judgements.counted(rows), *judgements.scored(rows)]:
        own += [row] * (row["annotator"] == who)
        said[row["item"]] += [_said(row)] * (row["annotator"] != who)
    for row in (r for r in _in_time(own) if said[r["item"]]):
        (best, votes), *others = Counter(said[row["item"]]).most_common()
        if "score" in row:
            found.append(abs(row["score"] - statistics.fmean(said[row["item"]])) <= 1)
        elif not others or votes > others[0][1]:
            found.append(row["choice"] == best)
    return found


def _halves(values, tell):
    """What is told of the first half of some values, and of the second; "–" of fewer than six."""
    values = list(values)
    half = len(values) // 2
    return f"{tell(values[:half])} → {tell(values[half:])}" if half > 2 else "–"


def _longer(who, rows):
    """How often somebody chose the longer answer, and how often others did so of the same items."""
    decided = [r for r in judgements.counted(rows) if r["choice"] in ("a", "b") and len(r["a"]) != len(r["b"])]
    own = {r["item"] for r in decided if r["annotator"] == who}
    longer = lambda some: _share((len(r["a"]) > len(r["b"])) == (r["choice"] == "a") for r in some)  # noqa: E731
    others = [r for r in decided if r["annotator"] != who and r["item"] in own]
    return {"chose the longer": longer(r for r in decided if r["annotator"] == who), "others chose the longer": longer(others)}


def _said(row):
    return row.get("choice", row.get("score"))


def _alike(said):
    """Whether each repeated question was answered as before; to skip it is no answer."""
    said = [r for r in said if _said(r) != "skip"]
    first = {r["item"]: _said(r) for r in said if not r.get("repeat")}
    return [first[r["item"]] == _said(r) for r in said if r.get("repeat") and r["item"] in first]


def _share(values):
    """A share with its interval, as text; "–" without any."""
    values = [float(v) for v in values]
    if not values:
        return "–"
    return _ends(stats.interval(values))


def _ends(found):
    return f"{found['score']:.0%} [{found['low']:.0%}, {found['high']:.0%}], n = {found['n']}"
