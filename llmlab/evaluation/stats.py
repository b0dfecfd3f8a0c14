"""Intervals and paired tests. "Better" is a word that a test must allow.

Items that share a cluster (a device, a person, a template) are not independent; what is counted are therefore clusters, not
items (Miller 2024: a naive test errs five times as often).
"""

import functools
import math
from collections import defaultdict

import numpy
from scipy.stats import beta, binom
from scipy.stats import t as student


def interval(values, clusters=None, level=0.95):
    """Mean with its interval: {"score", "low", "high", "n", "clusters"}.

    Clopper and Pearson's interval of as many independent items as would say as much as these (Korn & Graubard 1998). Without a miss, or without
    a hit, nothing tells how alike the items of a cluster are, so each cluster counts once; and no interval is narrower than that of a perfect score. Where half stands for
    neither, ones and zeros are two shares, set against each other as in `difference`. `bench/evaluation.py` simulates its coverage. Values beyond 0 and 1 have Student's, with the clustered error.
    """
    values = [float(v) for v in values]
    if not values:
        return {"score": math.nan, "low": math.nan, "high": math.nan, "n": 0, "clusters": 0}
    groups = _groups(values, range(len(values)) if clusters is None else clusters)
    mean, count, error = float(numpy.mean(values)), len(groups), _error(groups, float(numpy.mean(values)))
    if not _shares(values):
        low, high = student_interval(values, clusters if clusters is not None else range(len(values)), level)
    elif 0.5 in values and set(values) <= {0.0, 0.5, 1.0}:  # half is neither: the ones are set against the zeros
        low, high = ((1 + end) / 2 for end in _set_against([2 * v - 1 for v in values], clusters, level))
    else:
        low, high = _exact(mean, _independent(values, groups, error, level), level)
        room = 1 - provable(count, level)
        low, high = (max(0.0, min(low, high - room)), high) if mean >= 0.5 else (low, min(1.0, max(high, low + room)))
    return {"score": mean, "low": float(low), "high": float(high), "n": len(values), "clusters": count}


def _shares(values):
    return 0 <= min(values) and max(values) <= 1


def provable(clusters, level=0.95):
    """What a perfect score of so many clusters shows: the near end of its interval."""
    return ((1 - level) / 2) ** (1 / clusters)


def _error(groups, mean):
    """Clustered standard error of a mean (Miller 2024, with the C / (C - 1) correction)."""
    spread = sum((sum(g) - mean * len(g)) ** 2 for g in groups.values())
    return math.sqrt(len(groups) / max(1, len(groups) - 1) * spread) / sum(map(len, groups.values()))


def _quantile(count, level):
    return max(1e-12, student.ppf((1 + level) / 2, max(1, count - 1)))  # scipy's is 0 of four degrees of freedom before the level is


def _independent(values, groups, error, level):
    """How many independent items say as much as these clustered ones, given that their spread is known from few clusters only."""
    if error < 1e-9:
        return len(groups)
    mean = float(numpy.mean(values))
    as_much = mean * (1 - mean) / error**2
    if set(values) <= {0.0, 1.0}:
        as_much = min(len(values), as_much)
    return as_much * (_quantile(len(values), level) / _quantile(len(groups), level)) ** 2


def _exact(share, n, level):
    """Clopper and Pearson's interval, also for a number of items that is not whole."""
    hits, tail = share * n, (1 - level) / 2
    low = beta.ppf(tail, hits, n - hits + 1) if hits > 0 else 0.0
    return low, beta.ppf(1 - tail, hits + 1, n - hits) if share < 1 else 1.0


def difference(before, after, clusters=None, level=0.95):
    """Paired difference of the same items: {"difference", "low", "high", "p", "n", "detectable", "verdict"}.

    What was gained and what was lost are two shares with the intervals of `interval`, and they are set against each other by Zou and Donner's
    rule (2008), correlated as the two counts of a multinomial are: with nothing gained and nothing lost there still is an interval, and one item
    more never narrows it. p is one minus the level at which the interval touches 0. Values beyond 0 and 1 have Student's interval.
    "detectable" is the smallest true difference that would have been found four times in five. The verdict is "better", "worse" or "no
    difference shown", higher values being better.
    """
    gains = [float(b) - float(a) for a, b in zip(before, after, strict=True)]
    clusters = list(clusters) if clusters is not None else list(range(len(gains)))
    within = _set_against if _shares([*before, *after]) else student_interval
    count, mean = len(set(clusters)), float(numpy.mean(gains))
    beyond = lambda at: (lambda ends: ends[0] > 0 or ends[1] < 0)(within(gains, clusters, at))  # noqa: E731
    p = 1 - _last(beyond) if mean and count > 1 else 1.0  # one cluster shows nothing about others
    low, high = within(gains, clusters, level)
    least = detectable(gains, clusters, within is _set_against, level)
    return {
        "difference": mean,
        "low": low,
        "high": high,
        "p": p,
        "n": len(gains),
        "clusters": count,
        "detectable": least,
        "verdict": _verdict(mean, p, level),
    }


def student_interval(values, clusters, level):
    """Student's interval with the clustered error, for values without bounds; of one cluster, which tells nothing of others, all there is."""
    mean, groups = float(numpy.mean(values)), _groups(values, clusters)
    if len(groups) < 2:
        return -math.inf, math.inf
    reach = _quantile(len(groups), level) * _error(groups, mean)
    return mean - reach, mean + reach


def _set_against(gains, clusters, level):
    """The interval of gains minus losses, each of them a share."""
    gained, lost = (interval([max(0.0, sign * g) for g in gains], clusters, level) for sign in (1, -1))
    g, l = gained["score"], lost["score"]  # noqa: E741
    both = -math.sqrt(min(1.0, g * l / ((1 - g) * (1 - l)))) if 0 < g < 1 and 0 < l < 1 else 0.0
    reach = lambda x, y: math.sqrt(max(0.0, x * x + y * y - 2 * both * x * y))  # noqa: E731
    low, high = reach(g - gained["low"], lost["high"] - l), reach(gained["high"] - g, l - lost["low"])
    return g - l - low, g - l + high


def _last(holds, steps=30):
    """The largest level at which something holds that holds up to some level; 0 if it never does."""
    low, high = 0.0, 1.0
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@functools.cache
def one_way(count, level=0.95):
    """The smallest share of clusters that must truly have changed, all in one direction, to be found four times in five."""
    shown = lambda hits: _set_against([1.0] * hits + [0.0] * (count - hits), range(count), level)[0] > 0  # noqa: E731
    least = next((hits for hits in range(1, count + 1) if shown(hits)), None)
    return float(beta.ppf(0.8, least, count - least + 1)) if least else 1.0


def detectable(gains, clusters, shares=True, level=0.95):
    """The smallest true difference that these items would have shown four times in five.

    The spread that was seen is added to that of further changes, all in one direction, by which the difference would come about.
    """
    count = len(set(clusters))
    error = _error(_groups(gains, clusters), float(numpy.mean(gains)))
    reach = (_quantile(count, level) + student.ppf(0.8, max(1, count - 1))) ** 2
    if not shares:
        return float(math.sqrt(reach) * error)
    part = reach / count
    size = (part + math.sqrt(part * part + 4 * (1 + part) * reach * error * error)) / (2 * (1 + part))
    return float(min(1.0, max(size, one_way(count, level))))


def _verdict(gain, p, level=0.95):
    return "no difference shown" if p > 1 - level else "better" if gain > 0 else "worse"


def nearer(before, after, aim, clusters, groups=None, level=0.95):
    """How much nearer the mean came to `aim`, on either side of it, as `difference` gives it; with groups, the means of each of them, so that one that is
    favoured does not make up for one that is not. "turned" names those that are shown to lie on the one side before and on the other after, if any do."""
    groups = list(groups) if groups is not None else [""] * len(clusters)
    found = difference(apart(after, groups, aim), apart(before, groups, aim), clusters, level)
    sides = [{g: _side(of, aim, level) for g, of in _groups(zip(values, clusters), groups).items()} for values in (before, after)]
    turned = [str(g) for g in sides[0] if sides[0][g] * sides[1][g] < 0]
    return {**found, "turned": turned} if turned else found


def _side(rows, aim, level):
    """On which side of `aim` a mean is shown to lie: 1, -1, or 0 for neither. rows: (value, cluster)."""
    found = interval(*zip(*rows), level)
    return (found["low"] > aim) - (found["high"] < aim)


def apart(values, groups, aim):
    """How far each value lies from `aim` on the side on which the mean of its group lies, and `aim` added, so that shares stay shares."""
    means = {group: float(numpy.mean(of)) for group, of in _groups(values, groups).items()}
    return [aim + math.copysign(1.0, means[group] - aim) * (float(v) - aim) for v, group in zip(values, groups)]


def over_seeds(gains, clusters, shares, level=0.95, tasks=None):
    """The mean gain of models that were trained with several seeds and asked the same items: {"difference", "low", "high", "detectable", "noise"}.

    Two things are drawn by chance: which items were asked, and which seeds were trained with. Their variances are added, and Student's degrees of
    freedom are Satterthwaite's (1946). For shares no interval is narrower than that of `difference` for the mean over the seeds.

    Args:
        gains: a list per seed of the gain on each item, better being more than 0; at least two seeds. clusters: of the items.
        shares: whether what was gained are differences of shares.
        tasks: of the items; each counts as much as any other, however many items it has.
    """
    table = numpy.array(gains, float)
    places = list(_groups(range(table.shape[1]), tasks or [""] * table.shape[1]).values())
    of_seeds = numpy.mean([table[:, at].mean(1) for at in places], 0)
    mean, each = float(of_seeds.mean()), [(table[:, at].mean(0).tolist(), [clusters[n] for n in at]) for at in places]
    groups = [(_groups(*one), float(numpy.mean(one[0]))) for one in each]
    parts = [((_error(of, m) / len(each)) ** 2, max(1, len(of) - 1)) for of, m in groups]
    parts.append((float(of_seeds.var(ddof=1)) / len(gains), len(gains) - 1))
    variance = sum(v for v, _ in parts)
    freedom = variance**2 / sum(v * v / f for v, f in parts) if variance else 1.0
    reach = student.ppf((1 + level) / 2, freedom) * math.sqrt(variance)
    low, high = (mean - reach, mean + reach) if max(len(of) for of, _ in groups) > 1 else (-math.inf, math.inf)
    least = reach + student.ppf(0.8, freedom) * math.sqrt(variance)
    if shares:
        ends = [(*_set_against(*one, level), detectable(*one, True, level)) for one in each]
        floor = alike([dict(zip(("difference", "low", "high", "detectable"), (m, *end))) for (_, m), end in zip(groups, ends)])
        low, high, least = min(low, floor["low"]), max(high, floor["high"]), max(least, floor["detectable"])
    return {"difference": mean, "low": low, "high": high, "detectable": float(least), "noise": float(of_seeds.std(ddof=1))}


def alike(parts):
    """The mean of independent differences, each of which counts as much as any other, with its interval (Zou & Donner 2008)."""
    count, mean = len(parts), sum(part["difference"] for part in parts) / len(parts)
    low, high = (math.sqrt(sum((part[end] - part["difference"]) ** 2 for part in parts)) / count for end in ("low", "high"))
    return {"difference": mean, "low": mean - low, "high": mean + high, "detectable": math.hypot(*(p["detectable"] for p in parts)) / count}


def needed(value, near, limit, clusters, level=0.95):
    """About how many clusters bring the near end of an interval to a limit that the value keeps, if the value stays; None if none do. Widths shrink with the
    root of the number, and what has no spread (a perfect score, no difference at all) shows no more than `provable`."""
    if value == limit:
        return None
    share = limit if near < limit > 0 else 1 - abs(limit)
    perfect = math.log((1 - level) / 2) / math.log(share) if 0 < share < 1 else 0
    alike = value in (0.0, 1.0) and math.isclose(abs(value - near), 1 - provable(clusters, level), rel_tol=0.05)
    more = 0 if alike else clusters * ((value - near) / (value - limit)) ** 2
    return math.ceil(max(more, perfect, clusters + 1) - 1e-9)


def together(tests):
    """Several tests that are read together: p values and verdicts corrected for their number (Holm 1979)."""
    order, worst, found = sorted(tests, key=lambda t: tests[t]["p"]), 0.0, {}
    for rank, name in enumerate(order):
        worst = max(worst, min(1.0, (len(order) - rank) * tests[name]["p"]))
        found[name] = {**tests[name], "p": worst, "verdict": _verdict(tests[name]["difference"], worst)}
    return {name: found[name] for name in tests}


def quantile(values, percent, level=0.95):
    """A percentile with its interval of order statistics, whatever the distribution: an end that so few values cannot show is 0 or infinite."""
    ordered, count = sorted(values), len(values)
    below, above = (int(binom.ppf(tail, count, percent / 100)) for tail in ((1 - level) / 2, (1 + level) / 2))
    low, high = ordered[below - 1] if below else 0.0, ordered[above] if above < count else math.inf
    return {"score": float(percentile(ordered, percent)), "low": float(low), "high": float(high), "n": count}


def distance(result, aim):
    """A score with its interval as the distance from `aim`: 0.36 [0.24, 0.49] is 0.14 [0.01, 0.26] from 0.5."""
    ends = [abs(result["low"] - aim), abs(result["high"] - aim)]
    low = 0.0 if result["low"] <= aim <= result["high"] else min(ends)
    return {**result, "score": abs(result["score"] - aim), "low": low, "high": max(ends)}


def corrected(result, recall, alarms):
    """The share that is truly so, where a judge with such errors found a score (Rogan & Gladen 1978); its ends are those of all three at their worst.

    Args:
        recall, alarms: results of `interval`: of what is so and of what is not, the share that the judge finds.
    """
    true = lambda found, hits, false: min(1.0, max(0.0, (found - false) / max(1e-9, hits - false)))  # noqa: E731
    ends = {"score": ("score", "score"), "low": ("high", "high"), "high": ("low", "low")}
    return {key: true(result[key], recall[a], alarms[b]) for key, (a, b) in ends.items()}


def uncorrected(share, recall, alarms):
    """What a judge with such a recall and such a share of false alarms finds where a share is truly so: the other way round of `corrected`, of numbers."""
    return alarms + share * (recall - alarms)


def mean(parts):
    """The mean of several results, with the mean of their ends, as if all of them erred to the same side: no interval is wider."""
    told = {key: sum(part[key] for part in parts) / len(parts) for key in ("score", "low", "high")}
    return {**told, **{key: sum(part.get(key, part["n"]) for part in parts) for key in ("n", "clusters")}}


def worst(parts):
    """The largest of several results: its ends are the largest ends of any of them."""
    told = {key: max(part[key] for part in parts) for key in ("score", "low", "high")}
    return {**told, **{key: min(part.get(key, part["n"]) for part in parts) for key in ("n", "clusters")}}


def ratio(before, after, level=0.95):
    """How many times larger `before` is, item by item: geometric mean with Student's interval of the logarithms, as `interval` gives it."""
    logs = [math.log(a / b) for a, b in zip(before, after, strict=True)]
    low, high = student_interval(logs, range(len(logs)), level)
    return {"score": math.exp(sum(logs) / len(logs)), "low": math.exp(low), "high": math.exp(high), "n": len(logs)}


def _groups(values, clusters):
    groups = defaultdict(list)
    for value, cluster in zip(values, clusters, strict=True):
        groups[cluster].append(value)
    return groups


def percentile(values, q):
    """The q-th percentile (0 to 100) of some measurements."""
    return float(numpy.percentile(values, q))
