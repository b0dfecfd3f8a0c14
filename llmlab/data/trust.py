"""How far each annotator is to be trusted, and what is right, worked out from one another (Dawid & Skene 1979), with one reliability per annotator."""

from collections import Counter

LEAST = 3  # judgements of an item, below which nothing can be told of anybody: two who differ are both as likely to be right
EACH = 10  # such items of one annotator, before anything is told of him: with one item each nobody is more reliable than what is thought of that item
ITEMS = 20  # that were judged so often, by people of whom something can be told, before anybody is weighed


def enough(judged):
    """Whether so many items were judged often enough to tell who is right; how often the others were judged changes nothing.

    Args:
        judged: {item: {annotator: value}}.
    """
    return len(_often(judged, dict.fromkeys(judged, 1))) >= ITEMS


def _often(judged, times):
    """The judgements from which reliabilities come: of items that LEAST people judged who each judged EACH of these items. What others said of them is
    left out, so that dropping somebody may drop an item, and the other way round, until nothing changes."""
    while True:
        count = Counter()
        for item, said in judged.items():
            count.update(dict.fromkeys(said, times[item]))
        known = {item: {who: value for who, value in said.items() if count[who] >= EACH} for item, said in judged.items()}
        known = {item: said for item, said in known.items() if len(said) >= LEAST}
        if known == judged:
            return known
        judged = known


def weighed(judged, close=1e-6, times=None):
    """({annotator: reliability}, {item: {value: probability}}) of the items of which something can be told: those that were judged often by people who
    judged many, from which the reliabilities come, and others all of whose annotators are known from those. Both are empty if there are not `enough`.

    Args:
        judged, close, times: as `dawid_skene` takes them.
    """
    times = times or dict.fromkeys(judged, 1)
    often = _often(judged, times)
    if sum(times[item] for item in often) < ITEMS:
        return {}, {}
    trust, truth = dawid_skene(often, close=close, times=times)
    values = sorted({v for said in often.values() for v in said.values()}, key=str)
    share = _shares(truth, values, times)
    for item, said in judged.items():
        if item not in often and set(said) <= set(trust) and set(said.values()) <= set(values):
            truth[item] = _posterior(said, trust, share, values)
    return trust, truth


def dawid_skene(judged, rounds=100, smooth=1.0, close=1e-6, times=None):
    """({annotator: reliability}, {item: {value: probability}}).

    Args:
        judged: {item: {annotator: value}}.
        smooth: right and wrong judgements that everybody is given beforehand, so that few of them are no certainty.
        close: how little reliabilities move where they are taken as found.
        times: {item: how many items it stands for}; each for itself if left out.
    """
    times = times or dict.fromkeys(judged, 1)
    values = sorted({v for said in judged.values() for v in said.values()}, key=str)
    truth = {item: {v: c / len(said) for v, c in Counter(said.values()).items()} for item, said in judged.items()}
    trust = {}
    for _ in range(rounds):
        right, total = Counter(), Counter()
        for item, said in judged.items():
            for who, value in said.items():
                right[who] += times[item] * truth[item].get(value, 0.0)
                total[who] += times[item]
        before, trust = trust, {who: (right[who] + smooth) / (total[who] + 2 * smooth) for who in total}
        share = _shares(truth, values, times)
        truth = {item: _posterior(said, trust, share, values) for item, said in judged.items()}
        if before and max(abs(trust[w] - before[w]) for w in trust) < close:
            break
    return trust, truth


def _shares(truth, values, times):
    """{value: how often it is right}."""
    total = sum(times[item] for item in truth)
    return {v: sum(times[item] * told.get(v, 0.0) for item, told in truth.items()) / total for v in values}


def _posterior(said, trust, share, values):
    """{value: probability} of an item, given who said what and how far each is to be trusted."""
    others = max(1, len(values) - 1)
    weight = {v: max(1e-9, share[v]) for v in values}
    for who, value in said.items():
        for v in values:
            weight[v] *= trust[who] if v == value else (1 - trust[who]) / others
    total = sum(weight.values())
    return {v: w / total for v, w in weight.items()}
