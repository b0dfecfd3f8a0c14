"""How far each annotator is to be trusted, and what is right, worked out from one another (Dawid & Skene 1979), with one reliability per annotator."""

from collections import Counter

LEAST = 3  # judgements of an item, below which nothing can be told of anybody: two who differ are both as likely to be right
ITEMS = 20  # that were judged so often, before anybody is weighed


def enough(judged):
    """Whether so many items were judged often enough to tell who is right; how often the others were judged changes nothing.

    Args:
        judged: {item: {annotator: value}}.
    """
    return len(_often(judged)) >= ITEMS


def _often(judged):
    return {item: said for item, said in judged.items() if len(said) >= LEAST}


def weighed(judged, close=1e-6):
    """({annotator: reliability}, {item: {value: probability}}) of the items of which something can be told: those that were judged often, from which the
    reliabilities come, and others all of whose annotators are known from those. Both are empty if there are not `enough`.

    Args:
        judged, close: as `dawid_skene` takes them.
    """
    if not enough(judged):
        return {}, {}
    often = _often(judged)
    trust, truth = dawid_skene(often, close=close)
    values = sorted({v for said in often.values() for v in said.values()}, key=str)
    share = {v: sum(t[v] for t in truth.values()) / len(truth) for v in values}
    for item, said in judged.items():
        if item not in often and set(said) <= set(trust) and set(said.values()) <= set(values):
            truth[item] = _posterior(said, trust, share, values)
    return trust, truth


def dawid_skene(judged, rounds=100, smooth=1.0, close=1e-6):
    """({annotator: reliability}, {item: {value: probability}}).

    Args:
        judged: {item: {annotator: value}}.
        smooth: right and wrong judgements that everybody is given beforehand, so that few of them are no certainty.
        close: how little reliabilities move where they are taken as found.
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
        if before and max(abs(trust[w] - before[w]) for w in trust) < close:
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
