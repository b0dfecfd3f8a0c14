"""Whether the statistics keep their word: python bench/evaluation.py [--json FILE]

Prints (name, value, interval, n, aim, holds). Everything is simulated: items in clusters whose members are alike to a known degree, models that
are truly equal, and models that truly differ by what a comparison says it can detect. What misses its aim stays in the table.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy

from llmlab.evaluation import gate, stats

SIZE = 8  # items in a cluster


def alike_items(rng, clusters, share, alike):
    """Zeros and ones, beta-binomial by cluster: `alike` is the correlation within one, at 1 all or nothing."""
    if not alike:
        shares = numpy.full(clusters, share)
    elif alike == 1:
        shares = (rng.random(clusters) < share).astype(float)
    else:
        k = 1 / alike - 1
        shares = rng.beta(share * k, (1 - share) * k, clusters)
    return (rng.random((clusters, SIZE)) < shares[:, None]).astype(float).ravel().tolist()


def names(clusters):
    return numpy.repeat(numpy.arange(clusters), SIZE).tolist()


def coverage(clusters, rounds):
    """(the worst coverage over shares and correlations, of how many simulations, where)."""
    worst = (1.0, "")
    for share, alike in itertools.product((0.5, 0.8, 0.95, 0.99), (0, 0.1, 0.3, 0.6, 1)):
        rng = numpy.random.default_rng([clusters, int(100 * share), int(10 * alike)])
        found = [stats.interval(alike_items(rng, clusters, share, alike), names(clusters)) for _ in range(rounds)]
        worst = min(worst, (sum(i["low"] <= share <= i["high"] for i in found) / rounds, f"share {share}, correlation {alike}"))
    return worst


def changes(rng, clusters, gained, lost, whole):
    """(before, after) of two models: what changes, changes in whole clusters or item by item."""
    count = clusters if whole else clusters * SIZE
    change = rng.choice([1.0, -1.0, 0.0], count, p=[gained, lost, 1 - gained - lost])
    change = numpy.repeat(change, SIZE) if whole else change
    return [float(c < 0) for c in change], [float(c > 0) for c in change]


def alarms(clusters, rounds, gained=0.0):
    """The largest share of comparisons that find a difference, over rates and kinds of change; `gained` is what truly differs."""
    worst = (0.0, "")
    for lost, whole in itertools.product((0.01, 0.05, 0.2), (False, True)):
        rng = numpy.random.default_rng([clusters, int(100 * lost), whole])
        found = 0
        for _ in range(rounds):
            low, high = (f := stats.difference(*changes(rng, clusters, lost + gained, lost, whole), names(clusters)))["low"], f["high"]
            found += low > 0 or high < 0
        worst = max(worst, (found / rounds, f"{lost:.0%} change each way, {'in whole clusters' if whole else 'item by item'}"))
    return worst


def power(clusters, rounds):
    """The smallest share of planted differences of the detectable size that are found, over kinds of change."""
    worst = (1.0, "")
    for lost, whole in itertools.product((0.0, 0.05), (False, True)):
        rng = numpy.random.default_rng([clusters, 7, int(100 * lost), whole])
        sizes = []
        for _ in range(20):
            before, after = changes(rng, clusters, lost, lost, whole)
            sizes.append(stats.detectable([a - b for a, b in zip(after, before)], names(clusters)))
        size, found = float(numpy.mean(sizes)), 0
        for _ in range(rounds if size + 2 * lost < 1 else 0):
            found += stats.difference(*changes(rng, clusters, size + lost, lost, whole), names(clusters))["verdict"] == "better"
        if size + 2 * lost < 1:
            worst = min(worst, (found / rounds, f"{size:.3f} planted, {lost:.0%} lost, {'in whole clusters' if whole else 'item by item'}"))
    return worst


def wrongly_proven(clusters, rounds, limit=0.9):
    """How often a model that is exactly as good as the limit, which is not good enough to be told from a worse one, is called proven."""
    worst = (0.0, "")
    for alike in (0, 0.3, 1):
        rng = numpy.random.default_rng([clusters, 9, int(10 * alike)])
        heads = (
            {"metric": "exact", "better": "higher", **stats.interval(alike_items(rng, clusters, limit, alike), names(clusters))}
            for _ in range(rounds)
        )
        states = [
            gate.judged([f"t >= {limit}"], {"results": {"released": {"t": head}}, "samples": {}, "figures": {}, "speeds": {}})[0]["state"]
            for head in heads
        ]
        worst = max(worst, (states.count(gate.PROVEN) / rounds, f"correlation {alike}"))
    return worst


def main(out, rounds=1000):
    rows = []

    def row(name, value, n, aim, holds, where):
        found = stats.interval([1.0] * round(value * n) + [0.0] * (n - round(value * n)))
        rows.append(
            dict(
                name=name,
                value=round(value, 4),
                interval=[round(found["low"], 4), round(found["high"], 4)],
                n=n,
                aim=aim,
                holds=bool(holds(found)),
                where=where,
            )
        )
        print(
            f"{name:58}{value:7.3f}  [{found['low']:.3f}, {found['high']:.3f}]  n {n:5}  aim {aim:8} {'holds' if rows[-1]['holds'] else 'MISSED':7} {where}",
            flush=True,
        )

    for clusters in (4, 8, 20, 72, 400):
        few = rounds if clusters < 100 else rounds // 4
        value, where = coverage(clusters, few)
        row(f"coverage of 95 % intervals, {clusters} clusters, the worst", value, few, ">= 0.95", lambda f: f["high"] >= 0.95, where)
        value, where = alarms(clusters, few)
        row(f"A/A comparisons that alarm, {clusters} clusters, the worst", value, few, "<= 0.05", lambda f: f["low"] <= 0.05, where)
    for clusters in (20, 72, 200):
        few = rounds // 4
        value, where = power(clusters, few)
        row(f"planted differences that are found, {clusters} clusters", value, few, ">= 0.8", lambda f: f["high"] >= 0.8, where)
    for clusters in (40, 120):
        value, where = wrongly_proven(clusters, rounds)
        row(f"a model at the limit called proven, {clusters} clusters", value, rounds, "<= 0.025", lambda f: f["low"] <= 0.025, where)
    if out:
        Path(out).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--json") + 1] if "--json" in sys.argv else "")
