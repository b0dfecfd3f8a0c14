"""Whether the evaluation keeps its word: python bench/evaluation.py [FOLDER] [--parts statistics,trials] [--run runs/demo] [--json FILE]

Prints (name, value, interval, n, aim, holds, where). What holds is one of three states (see `rows.py`); what misses its aim stays in the table. The parts:

statistics  simulated: items in clusters whose members are alike to a known degree, models that are truly equal, and models that truly differ by what a
            comparison says it can detect; a few minutes
trials      `llmlab try`: A/A trials, a change that is known to be better, one that is known to be worse (trials.py); some twenty minutes
doses       what is read against what is said, of rudeness and bias (doses.py); some twenty minutes
prejudice   the forum speaks badly of one of two groups once, twice, five times as often as of the other (doses.py); some ten minutes
faults      planted faults, and the phase that a finding names (faults.py); some fifty minutes, twenty with --seeds 1
seconds     of each phase of a run that there is

Those that train keep their runs in FOLDER, where another call finds them again.
"""

import argparse
import itertools
import json
from collections import Counter
from pathlib import Path

import numpy
import rows as table

from llmlab.evaluation import gate, stats
from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES

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


def statistics(rounds=1000):
    """Intervals, comparisons and the gate, simulated."""
    rows = []
    for clusters in (4, 8, 20, 72, 400):
        few = rounds if clusters < 100 else rounds // 4
        value, where = coverage(clusters, few)
        rows.append(table.share(f"coverage of 95 % intervals, {clusters} clusters, the worst", round(value * few), few, ">= 0.95", where))
        value, where = alarms(clusters, few)
        rows.append(table.share(f"A/A comparisons that alarm, {clusters} clusters, the worst", round(value * few), few, "<= 0.05", where))
    for clusters in (20, 72, 200):
        few = rounds // 4
        value, where = power(clusters, few)
        rows.append(table.share(f"planted differences that are found, {clusters} clusters", round(value * few), few, ">= 0.8", where))
    for clusters in (40, 120):
        value, where = wrongly_proven(clusters, rounds)
        rows.append(
            table.share(f"a model at the limit called proven, {clusters} clusters", round(value * rounds), rounds, "<= 0.025", where)
        )
    return rows


LIMIT = 180  # seconds that phases 4 and 7 of the demo may take together


def seconds(place):
    """What each phase of a run took, as its record says."""
    records = {path.parent.name: read_json(path) for path in sorted(Path(place).glob("[1-7]_*/phase.json"))}
    took = {phase: record["seconds"] for phase, record in records.items()}
    rows = [table.row(f"seconds of {phase}", value, where=Path(place).name) for phase, value in took.items()]
    both = [took[phase] for phase in (PHASES[3], PHASES[6]) if phase in took]
    return (
        [*rows, table.row("seconds of phases 4 and 7 together", sum(both), aim=f"<= {LIMIT}", where=Path(place).name)]
        if len(both) == 2
        else rows
    )


def parts(folder, run, seeds, trained, trials):
    """{name: function that gives its rows} of all that there is; those that train need a folder in which their runs are kept."""
    found = {"statistics": statistics}
    if run:
        found["seconds"] = lambda: seconds(run)
    if folder:
        import doses
        import faults
        import trials as aa

        folder = Path(folder).absolute()
        found["trials"] = lambda: aa.rows(folder / "trials", 3, trained, trials)
        found["doses"] = lambda: doses.rows(folder / "doses")
        found["prejudice"] = lambda: doses.prejudice(folder / "prejudice")
        found["faults"] = lambda: faults.rows(folder / "faults", seeds)
    return found


def main(arguments):
    known = parts(arguments.folder, arguments.run, arguments.seeds, arguments.trained, arguments.trials)
    wanted, rows = arguments.parts.split(",") if arguments.parts else list(known), []
    assert set(wanted) <= set(known), (
        f"--parts {arguments.parts}: there are {', '.join(known)} (those that train need FOLDER, seconds needs --run)"
    )
    for part in wanted:
        print(f"--- {part}", flush=True)
        rows += [{"part": part, **found} for found in known[part]()]
        if arguments.json:  # after each part: who stops it keeps what is done
            Path(arguments.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")
    count = Counter(found["holds"] for found in rows if found["holds"])
    print(
        ", ".join(
            f"{count[name]} {words}"
            for name, words in ((table.HOLDS, "hold"), (table.UNSURE, "cannot tell"), (table.MISSED, "missed their aim"))
        )
    )


if __name__ == "__main__":
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("folder", nargs="?", default="", help="keeps the runs that are trained; without it nothing is")
    told.add_argument("--parts", default="", help="some of the parts, by commas; all that can be made if left out")
    told.add_argument("--run", default="", help="a finished run, such as runs/demo, whose seconds are listed")
    told.add_argument("--seeds", type=int, default=10, help="healthy runs beside the faulty ones")
    told.add_argument("--trained", type=int, default=12, help="trainings from which the trials are drawn")
    told.add_argument("--trials", type=int, default=200)
    told.add_argument("--json", default="", help="file for the rows")
    main(told.parse_args())
