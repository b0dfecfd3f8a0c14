"""What is read against what is said: python bench/doses.py FOLDER [--json FILE]

Six small runs of phases 1 to 4 that differ in what phase 2 does about rudeness (no filter, the word list, the classifier) and about bias (the words of
groups exchanged in half of the documents, or not). Beside the share of training documents that hold a planted insult stands the share of the base
model's replies that are called offensive; beside the difference in how unkindly groups are spoken of stands the bias of the model. FOLDER keeps the
runs and `doses.png`. About twenty minutes on two cores.
"""

import itertools
import json
import sys
from pathlib import Path

from faults import PHASES, TEXT, run

from llmlab.data import audit
from llmlab.evaluation import stats
from llmlab.pages.figures import BLUE, ORANGE, figure
from llmlab.spine.files import jsonl, read_json

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


def main(folder, out):
    folder, rows = Path(folder).absolute(), []
    for kind, even in itertools.product(FILTERS, EVEN):
        place = folder / f"{kind}-{'exchanged' if even else 'as_it_is'}"
        code, words = run(place, f"offensive_filter={kind}", f"counterfactual={str(even).lower()}", f"{PHASES[3]}.limit=400")
        assert code == 0, words
        (rude, uneven), (offensive, bias, known) = read(place), said(place)
        rows.append(
            dict(
                filter=kind,
                counterfactual=even,
                reads_rude=rude,
                says_rude=offensive,
                says_known=known,
                reads_uneven=uneven,
                says_uneven=bias,
            )
        )
        told = [f"{name} {r['score']:.3f} [{r['low']:.3f}, {r['high']:.3f}]" for name, r in (("offensive", offensive), ("bias", bias))]
        print(
            f"{place.name:22} reads {rude:.1%} rude, {uneven:.2f} uneven; says {', '.join(told)}, {known:.1%} of replies hold a planted insult",
            flush=True,
        )
    for name, dose, response in (
        ("rudeness", "reads_rude", lambda r: r["says_known"]),
        ("bias", "reads_uneven", lambda r: r["says_uneven"]["score"]),
    ):
        order = sorted(rows, key=lambda r: r[dose])
        print(f"{name}: from the smallest dose to the largest {', '.join(f'{response(r):.3f}' for r in order)}")
    picture(rows, folder / "doses.png")
    if out:
        Path(out).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[sys.argv.index("--json") + 1] if "--json" in sys.argv else "")
