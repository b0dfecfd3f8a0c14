"""How good are the judges? Agreement corrected for chance, how far each of them is to be trusted, and what their choices follow instead of the answers.

Measures by what was judged: two people who judged the same items, Cohen's kappa (1960); several who judged as many each, Fleiss' (1971); any number,
with gaps or on a scale, Krippendorff's alpha (2011). Intervals are of a bootstrap over items, since it is items that were drawn.
"""

import random
import statistics
from collections import Counter, defaultdict

import numpy

from llmlab.evaluation import stats

ROUNDS = 500  # of the bootstrap


def table(rows, value):
    """{item: {annotator: value}} of judgements; `value` gives None for what says nothing, as a skip."""
    found = defaultdict(dict)
    for row in rows:
        if (said := value(row)) is not None and not row.get("repeat"):
            found[row["item"]][row["annotator"]] = said
    return dict(found)


def value(row):
    """What a judgement says of its item; None for a skip."""
    said = row.get("choice", row.get("score"))
    return None if said == "skip" else said


def cohen(pairs):
    """Cohen's kappa of [(a, b)]; None if nobody ever differs from one value."""
    n, firsts, seconds = len(pairs), Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / n
    expected = sum(firsts[v] * seconds[v] for v in firsts) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def fleiss(items):
    """Fleiss' kappa of lists of values, one list per item, all of one length."""
    raters, total = len(items[0]), Counter(v for values in items for v in values)
    observed = sum(sum(k * (k - 1) for k in Counter(values).values()) / (raters * (raters - 1)) for values in items) / len(items)
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


def agreement(judged, level="nominal", seed=0):
    """{"measure", "score", "low", "high", "n": items, "annotators", "why"}: the measure that fits what was judged, with its interval; None if nothing was
    judged twice.

    Args:
        judged: as `table` gives it.
    """
    twice = {item: said for item, said in judged.items() if len(said) > 1}
    if not twice:
        return None
    people = sorted({a for said in twice.values() for a in said})
    name, why, measure = _fitting(list(twice.values()), people, level)
    score = measure(list(twice.values()))
    rng, items, drawn = random.Random(seed), list(twice.values()), []
    for _ in range(ROUNDS):
        again = measure(rng.choices(items, k=len(items)))
        if again is not None:
            drawn.append(again)
    low, high = (stats.percentile(drawn, q) for q in (2.5, 97.5)) if drawn else (None, None)
    return {"measure": name, "score": score, "low": low, "high": high, "n": len(items), "annotators": len(people), "why": why}


def _fitting(items, people, level):
    """(name, why, function of items) of the measure that fits."""
    if level != "nominal":
        return (
            "Krippendorff's alpha",
            "a scale: to differ by one is less than by four",
            lambda items: krippendorff([list(s.values()) for s in items], level),
        )
    if len(people) == 2 and all(len(said) == 2 for said in items):
        return "Cohen's kappa", "two people who judged the same items", lambda items: cohen([(s[people[0]], s[people[1]]) for s in items])
    if len({len(said) for said in items}) == 1 and len(items[0]) > 2:
        return "Fleiss' kappa", "as many judgements of each item", lambda items: fleiss([list(s.values()) for s in items])
    return "Krippendorff's alpha", "not everybody judged everything", lambda items: krippendorff([list(s.values()) for s in items])


# --- whom to trust ----------------------------------------------------------------------------------------------------------------------
def dawid_skene(judged, rounds=100, smooth=1.0):
    """How often each annotator is right, and what is right, worked out from one another (Dawid & Skene 1979), with one reliability per annotator.

    Args:
        judged: as `table` gives it.
        smooth: right and wrong judgements that everybody is given beforehand, so that few of them are no certainty.

    Returns: ({annotator: reliability}, {item: {value: probability}}).
    """
    values = sorted({v for said in judged.values() for v in said.values()}, key=str)
    truth = {item: {v: c / len(said) for v, c in Counter(said.values()).items()} for item, said in judged.items()}
    trust = {}
    for _ in range(rounds):
        right, total = Counter(), Counter()
        for item, said in judged.items():
            for who, value in said.items():
                right[who] += truth[item].get(value, 0.0)
                total[who] += 1
        before, trust = trust, {who: (right[who] + smooth) / (total[who] + 2 * smooth) for who in total}
        share = {v: sum(t.get(v, 0.0) for t in truth.values()) / len(truth) for v in values}
        truth = {item: _posterior(said, trust, share, values) for item, said in judged.items()}
        if before and max(abs(trust[w] - before[w]) for w in trust) < 1e-6:
            break
    return trust, truth


def _posterior(said, trust, share, values):
    """{value: probability} of an item, given who said what and how far each is to be trusted."""
    others = max(1, len(values) - 1)
    weight = {v: max(1e-9, share[v]) for v in values}
    for who, value in said.items():
        for v in values:
            weight[v] *= trust[who] if v == value else (1 - trust[who]) / others
    total = sum(weight.values())
    return {v: w / total for v, w in weight.items()}


def ceiling(truth):
    """The share of items on which the likeliest value is right, by its own probability: no model that learns from these judgements can be shown to be better."""
    return sum(max(t.values()) for t in truth.values()) / len(truth)


# --- what a choice follows instead of the answers ---------------------------------------------------------------------------------------
def judges(rows):
    """A row per annotator, without a name: how many judgements, gold items right, agreement with oneself, the median time, and what the choices follow.

    Shares carry 95 % intervals; a share of left or of longer answers whose interval leaves one half is a bias.
    """
    by = defaultdict(list)
    for row in rows:
        by[row["annotator"]].append(row)
    usual = statistics.median(times) if (times := [r["seconds"] for r in rows if r.get("seconds")]) else None
    return [{"annotator": f"no. {n}", **_judge(said, usual)} for n, said in enumerate(by.values(), 1)]


def _judge(said, usual):
    took = statistics.median(times) if (times := [r["seconds"] for r in said if r.get("seconds")]) else None
    decided = [r for r in said if r.get("choice") in ("a", "b")]
    gold = [r for r in said if "gold" in r and r.get("choice") != "skip"]
    half = len(gold) // 2
    return {
        "judgements": len(said),
        "gold": _share(r["choice"] == r["gold"] for r in gold),
        "gold, first half and second": f"{_mean(gold[:half])} → {_mean(gold[half:])}" if half > 2 else "–",
        "agrees with oneself": _share(_alike(said)),
        "seconds": took,
        "hurries": "yes" if took and usual and took < usual / 3 else "",
        "chose the left": _share(r["choice"] == r["shown"][0] for r in decided if "shown" in r),
        "chose the longer": _share((len(r["a"]) > len(r["b"])) == (r["choice"] == "a") for r in decided if len(r["a"]) != len(r["b"])),
    }


def _alike(said):
    """Whether each repeated question was answered as before."""
    first = {r["item"]: r.get("choice", r.get("score")) for r in said if not r.get("repeat")}
    return [first[r["item"]] == r.get("choice", r.get("score")) for r in said if r.get("repeat") and r["item"] in first]


def _mean(gold):
    return f"{sum(r['choice'] == r['gold'] for r in gold) / len(gold):.0%}"


def _share(values):
    """A share with its interval, as text; "–" without any."""
    values = [float(v) for v in values]
    if not values:
        return "–"
    found = stats.interval(values)
    return f"{found['score']:.0%} [{found['low']:.0%}, {found['high']:.0%}], n = {found['n']}"
