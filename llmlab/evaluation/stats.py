"""Intervals and paired tests. "Better" is a word that a test must allow.

Items that share a cluster (a device, a person, a template) are not independent; what is counted are therefore clusters, not
items (Miller 2024: a naive test errs five times as often).
"""

import math
from collections import defaultdict

import numpy
from scipy.stats import beta, binomtest
from scipy.stats import t as student

RESAMPLES = 2000


def interval(values, clusters=None, seed=0, level=0.95):
    """Mean with its interval: {"score", "low", "high", "n", "clusters"}.

    Wilson's interval for independent zeros and ones; for clustered ones the exact binomial interval of the number of independent items that
    would say as much (Korn & Graubard 1998), which covers from five clusters on and does not widen for a perfect score; for other
    values Student's with the clustered standard error.

    Args:
        seed: of no effect, since nothing is resampled here.
    """
    values = [float(v) for v in values]
    groups = _groups(values, range(len(values)) if clusters is None else clusters)
    n, mean = len(values), float(numpy.mean(values)) if values else float("nan")
    if not values:
        low = high = float("nan")
    elif not set(values) <= {0.0, 1.0}:
        reach = _quantile(len(groups), level) * _error(groups, mean)
        low, high = mean - reach, mean + reach
    elif len(groups) == n:
        low, high = binomtest(int(sum(values)), n).proportion_ci(level, "wilson")
    else:
        low, high = _exact(mean, _independent(groups, mean, level), level)
    return {"score": mean, "low": float(low), "high": float(high), "n": n, "clusters": len(groups)}


def _error(groups, mean):
    """Clustered standard error of a mean (Miller 2024, with the C / (C - 1) correction)."""
    spread = sum((sum(g) - mean * len(g)) ** 2 for g in groups.values())
    return math.sqrt(len(groups) / max(1, len(groups) - 1) * spread) / sum(map(len, groups.values()))


def _quantile(count, level):
    return student.ppf((1 + level) / 2, max(1, count - 1))


def _independent(groups, mean, level):
    """How many independent zeros and ones say as much as these clustered ones, given that the spread is known from few clusters only."""
    n, error = sum(map(len, groups.values())), _error(groups, mean)
    as_much = min(n, mean * (1 - mean) / error**2) if error else n
    return as_much * (_quantile(n, level) / _quantile(len(groups), level)) ** 2


def _exact(share, n, level):
    """Clopper and Pearson's interval, also for a number of items that is not whole."""
    hits, tail = share * n, (1 - level) / 2
    low = beta.ppf(tail, hits, n - hits + 1) if hits > 0 else 0.0
    return low, beta.ppf(1 - tail, hits + 1, n - hits) if share < 1 else 1.0


def difference(before, after, clusters=None, level=0.95):
    """Paired difference of the same items: {"difference", "low", "high", "p", "n", "verdict"}.

    The interval is Student's with the clustered standard error; p is exact McNemar
    for independent zeros and ones. The verdict is "better", "worse" or "no difference shown", higher values being better.
    """
    gains = [float(b) - float(a) for a, b in zip(before, after, strict=True)]
    clusters = list(clusters) if clusters is not None else list(range(len(gains)))
    groups, mean = _groups(gains, clusters), float(numpy.mean(gains))
    count, error = len(groups), _error(groups, mean)
    reach = _quantile(count, level) * error
    if set(gains) == {0.0}:
        reach = _room(groups, level)
    if count < 2:
        p = 1.0  # one cluster shows nothing about others
    elif set(gains) <= {-1.0, 0.0, 1.0} and count == len(gains):
        p = mcnemar(gains.count(1.0), gains.count(-1.0))
    else:
        p = float(2 * student.sf(abs(mean) / error, max(1, count - 1))) if error else float(mean == 0)
    return {"difference": mean, "low": mean - reach, "high": mean + reach, "p": p, "n": len(gains), "verdict": _verdict(mean, p, level)}


def _room(groups, level):
    """What could still change in others, if no item changed here."""
    nothing = {cluster: [0.0] * len(items) for cluster, items in groups.items()}
    return float(_exact(0.0, _independent(nothing, 0.0, level), level)[1])


def _verdict(gain, p, level=0.95):
    return "no difference shown" if p > 1 - level else "better" if gain > 0 else "worse"


def nearer(before, after, aim, clusters, seed=0, level=0.95):
    """How much nearer the mean came to `aim`, on either side of it, as `difference` gives it; by a paired bootstrap over clusters."""
    pairs, gap = defaultdict(list), lambda mean: abs(mean - aim)
    for b, a, cluster in zip(before, after, clusters, strict=True):
        pairs[cluster].append((float(b), float(a)))
    means = numpy.stack([_bootstrap({c: [p[k] for p in rows] for c, rows in pairs.items()}, seed) for k in (0, 1)])
    gains = gap(means[0]) - gap(means[1])
    mean = float(gap(numpy.mean(before)) - gap(numpy.mean(after)))
    room = _room(pairs, level)
    low, high = (-room, room) if list(before) == list(after) else _percentiles(gains, level)
    tail = min((gains <= 0).sum(), (gains >= 0).sum())
    p = min(1.0, 2 * (1 + float(tail)) / (1 + len(gains))) if len(pairs) > 1 else 1.0
    return {"difference": mean, "low": float(low), "high": float(high), "p": p, "n": len(before), "verdict": _verdict(mean, p, level)}


def together(tests):
    """Several tests that are read together: p values and verdicts corrected for their number (Holm 1979)."""
    order, worst, found = sorted(tests, key=lambda t: tests[t]["p"]), 0.0, {}
    for rank, name in enumerate(order):
        worst = max(worst, min(1.0, (len(order) - rank) * tests[name]["p"]))
        found[name] = {**tests[name], "p": worst, "verdict": _verdict(tests[name]["difference"], worst)}
    return {name: found[name] for name in tests}


def distance(result, aim):
    """A score with its interval as the distance from `aim`: 0.36 [0.24, 0.49] is 0.14 [0.01, 0.26] from 0.5."""
    ends = [abs(result["low"] - aim), abs(result["high"] - aim)]
    low = 0.0 if result["low"] <= aim <= result["high"] else min(ends)
    return {**result, "score": abs(result["score"] - aim), "low": low, "high": max(ends)}


def ratio(before, after, level=0.95):
    """How many times larger `before` is, item by item: geometric mean with Student's interval of the logarithms, as `interval` gives it."""
    logs = [math.log(a / b) for a, b in zip(before, after, strict=True)]
    found = difference([0.0] * len(logs), logs, level=level)
    return {"score": math.exp(found["difference"]), "low": math.exp(found["low"]), "high": math.exp(found["high"]), "n": len(logs)}


def mcnemar(gained, lost):
    """Exact two-sided p of McNemar's test on the items that changed (6 gained and 1 lost: 0.125)."""
    return binomtest(gained, gained + lost).pvalue if gained + lost else 1.0


def _groups(values, clusters):
    groups = defaultdict(list)
    for value, cluster in zip(values, clusters, strict=True):
        groups[cluster].append(value)
    return groups


def _bootstrap(groups, seed):
    """Means of resamples drawn cluster by cluster, as a ratio of sums."""
    sums = numpy.array([sum(g) for g in groups.values()])
    sizes = numpy.array([len(g) for g in groups.values()])
    picks = numpy.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    return sums[picks].sum(1) / sizes[picks].sum(1)


def _percentiles(means, level):
    return numpy.quantile(means, [(1 - level) / 2, (1 + level) / 2])


def percentile(values, q):
    """The q-th percentile (0 to 100) of some measurements."""
    return float(numpy.percentile(values, q))
