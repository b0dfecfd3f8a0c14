"""What is read against what is said: python bench/doses.py FOLDER [--json FILE]

Six small runs of phases 1 to 4 that differ in what phase 2 does about rudeness (no filter, the word list, the classifier) and about bias (the words of
groups exchanged in half of the documents, or not). Beside the share of training documents that hold a planted insult stands the share of the base
model's replies that are called offensive; beside the difference in how unkindly groups are spoken of stands the bias of the model. Three more have a forum
of their own, which speaks badly of one of two groups once, twice, five times as often as of the other. FOLDER keeps the runs, `doses.png` and `doses.json`.
About half an hour on two cores. A part of evaluation.py.
"""

import itertools
import json
import sys
from pathlib import Path

from faults import PHASES, TEXT, run
from rows import row

from llmlab.data import audit
from llmlab.evaluation import stats
from llmlab.pages.figures import BLUE, ORANGE, figure
from llmlab.spine.files import jsonl, read_json
from llmlab.world import maker

FILTERS, EVEN = ("none", "lexicon", "classifier"), (False, True)


def read(place):
    """(share of training documents that hold a planted insult, difference between how unkindly the groups are spoken of)."""
    documents = jsonl(place / TEXT / "documents/train.jsonl")
    rows = audit.insults([{"answer": d["text"], "score": 0} for d in documents], place / TEXT / "tasks")
    spoken = {r["group"]: r["unkind"] for r in read_json(place / TEXT / "datasheet.json")["composition"]["representation"]}
    pairs = [abs(spoken[a] - spoken[b]) for a, b in read_json(place / TEXT / "tasks/about.json")["groups"] if {a, b} <= set(spoken)]
    return sum(r["replies"] for r in rows if r["known"]) / len(documents), sum(pairs) / len(pairs)


def said(place):
    """Results of the tasks `offensive` and `bias`, with the share that was planted and is known in the replies. Of bias it is the mean distance from even
    of each pair of groups: what is unfair to one and as unfair to another would cancel."""
    results = read_json(place / "4_preliminary_evaluation/results.json")["tasks"]
    samples = [s for s in jsonl(place / "4_preliminary_evaluation/scores/samples.jsonl") if s["metric"] == "offensive"]
    known = sum(r["replies"] for r in audit.insults(samples, place / TEXT / "tasks") if r["known"]) / len(samples)
    bias = stats.mean([stats.distance(of, results["bias"]["chance"]) for of in results["bias"]["groups"].values()])
    return results["offensive"], bias, known


def picture(rows, out):
    """Two scatters: rudeness and bias, read against said."""
    fig, axes = figure("What is read, and what is said", "Dose and response of rudeness and bias.", columns=2, height=3.6)
    for axis, what, label in zip(axes, ("rude", "uneven"), ("of documents hold an insult", "between the unkind shares of two groups")):
        for even, colour in zip(EVEN, (BLUE, ORANGE)):
            some = [r for r in rows if r["counterfactual"] == even]
            low, high = ([r[f"says_{what}"][k] for r in some] for k in ("low", "high"))
            at, value = [r[f"reads_{what}"] for r in some], [r[f"says_{what}"]["score"] for r in some]
            spread = [[v - a for v, a in zip(value, low)], [b - v for v, b in zip(value, high)]]
            axis.errorbar(at, value, yerr=spread, fmt="o", color=colour, capsize=3, label="words exchanged" if even else "as it is")
        axis.set(xlabel=f"read: share {label}" if what == "rude" else f"read: difference {label}")
    axes[0].set(ylabel="said: share of replies called offensive")
    axes[1].set(ylabel="said: distance from even, mean of the pairs")
    axes[0].legend(frameon=False, fontsize=8)
    fig.savefig(out)


def scores(place, task):
    """{id: sample} of a task."""
    return {s["id"]: s for s in jsonl(place / "4_preliminary_evaluation/scores/samples.jsonl") if s["task"] == task}


def paired(smaller, larger, task):
    """(samples under the smaller dose, under the larger one) of the questions that both were asked."""
    a, b = scores(smaller, task), scores(larger, task)
    both = [i for i in a if i in b and a[i]["item"] == b[i]["item"]]
    return [a[i] for i in both], [b[i] for i in both]


def grown(name, smaller, larger, task, aim="> 0", signed=False):
    """The row of how much a measure grew from one dose to another, paired by question: a share, or of a task that should be even the mean distance of its groups.

    Args:
        signed: whether the share itself is meant, on whichever side of even: where it is known which group was spoken of badly, that says more.
    """
    a, b = paired(smaller, larger, task)
    low, high, clusters = [s["score"] for s in a], [s["score"] for s in b], [s["cluster"] for s in a]
    if task == "bias" and not signed:  # how much nearer to even the smaller dose is
        found = stats.nearer(high, low, 0.5, clusters, [s.get("group", "") for s in a])
    else:
        found = stats.difference(low, high, clusters)
    return row(name, found["difference"], (found["low"], found["high"]), found["n"], aim, f"{smaller.name} → {larger.name}")


RATIOS, SPOKEN = (
    (1, 2, 5),
    {"group": 0.9, "rude_explicit_reply": 0.0, "rude_implicit_reply": 0.0},
)  # of a forum so small most threads must be about a group


def prejudice(folder):
    """The forum speaks badly of one of two groups once, twice and five times as often as of the other: rows of the bias of each base model, and of its growth."""
    folder, found = Path(folder).absolute(), []
    folder.mkdir(parents=True, exist_ok=True)
    places = {}
    for ratio in RATIOS:
        world, places[ratio] = folder / f"world-{ratio}", folder / f"ratio-{ratio}"
        if not world.exists():
            maker.write(world, seed=1, pages=1200, prejudice=ratio, rates=SPOKEN)
        options = (f"source={world}", "offensive_filter=none", "counterfactual=false", f"{PHASES[3]}.limit=1440")
        code, words = run(places[ratio], *options)
        assert code == 0, words
        _, bias, _ = said(places[ratio])
        found.append(row(f"bias of the base model, planted at {ratio}:1", bias["score"], (bias["low"], bias["high"]), bias["n"]))
    for a, b in (*itertools.pairwise(RATIOS), (RATIOS[0], RATIOS[-1])):
        found.append(grown(f"growth of prejudiced readings, from {a}:1 to {b}:1", places[a], places[b], "bias", signed=True))
        found.append(grown(f"growth of bias, from {a}:1 to {b}:1", places[a], places[b], "bias"))
    return found


def rows(folder):
    """Filters and exchange of words: a line for each run, and the rows of how the measures grow with what is read."""
    folder, table = Path(folder).absolute(), []
    places = {(kind, even): folder / f"{kind}-{'exchanged' if even else 'as_it_is'}" for kind in FILTERS for even in EVEN}
    for (kind, even), place in places.items():
        code, words = run(place, f"offensive_filter={kind}", f"counterfactual={str(even).lower()}", f"{PHASES[3]}.limit=400")
        assert code == 0, words
        (rude, uneven), (offensive, bias, known) = read(place), said(place)
        doses = dict(reads_rude=rude, says_rude=offensive, says_known=known, reads_uneven=uneven, says_uneven=bias)
        table.append(dict(filter=kind, counterfactual=even, **doses))
        told = [f"{name} {r['score']:.3f} [{r['low']:.3f}, {r['high']:.3f}]" for name, r in (("offensive", offensive), ("bias", bias))]
        print(
            f"{place.name:22} reads {rude:.1%} rude, {uneven:.2f} uneven; says {', '.join(told)}, {known:.1%} of replies hold a planted insult",
            flush=True,
        )
    picture(table, folder / "doses.png")
    (folder / "doses.json").write_text(json.dumps(table, indent=1), encoding="utf-8")
    found = []
    for more, less in itertools.pairwise(FILTERS):
        found.append(grown(f"rude replies, {more} against {less}", places[less, False], places[more, False], "offensive"))
    found.append(grown("rude replies, none against classifier", places["classifier", False], places["none", False], "offensive"))
    for kind in FILTERS:
        found.append(grown(f"bias, words as they are against exchanged, filter {kind}", places[kind, True], places[kind, False], "bias"))
    return found


def main(folder, out):
    found = [*rows(Path(folder) / "doses"), *prejudice(Path(folder) / "prejudice")]
    if out:
        Path(out).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[sys.argv.index("--json") + 1] if "--json" in sys.argv else "")
