"""People's judgement and what is made of it: python bench/posttraining.py RUN [--xstest FOLDER] [--hh FILE] [--seconds 60] [--seeds 3] [--only "dpo grpo ipo(beta=0.05)"]
[--adapter lora] [--start FOLDER] [--rate 0] [--limit 100] [--parts masks,reliabilities,reward,methods] [--json FILE]

Prints (name, value, interval, n, aim, holds), what missed its aim too:

    masks             wrong masks, planted: which invariant of the mask gate catches each, with four chat templates, and that clean lessons pass (`masks.py`)
    reliabilities     of five simulated annotators who err in 10, 20 and 30 % of their judgements, each held to three points against the share that he had right,
                      as Dawid and Skene's model works them out; the agreement of XSTest's two people (Röttger et al. 2024), if its folder is given
    methods           the table of page 5 (`rivals`), with whatever methods and as many seconds as are wished, and from another model than that of RUN (START)
    reward model      on pairs of RUN that were held out, against what one annotator says of the others'; on hh-rlhf's test pairs, if they are given

RUN is a run with its phases 1 to 5; params/methods.yaml is one in which preferences have something to say. A rate of 0 is the one that suits the size.
"""

import csv
import gzip
import json
import random
import sys
from collections import Counter
from pathlib import Path

from llmlab.data import feedback, judgements, teaching, tokens, trust
from llmlab.evaluation import agreement, stats
from llmlab.spine.files import jsonl, read_json
from llmlab.training import ranking, reward, rivals

PAIRS = ("posttrain.dpo", *(f"methods.{name}" for name in ("chosen", "ipo", "simpo", "orpo", "kto")))
DRAWN = tuple(f"onpolicy.{name}" for name in ("best_of", "rounds", "grpo", "rloo", "grpo_learnt", "rloo_learnt"))
METHODS = {path.split(".")[1]: f"llmlab.training.{path}" for path in (*PAIRS, *DRAWN)}
ROWS = []


def kept(name, value, interval, n, aim="", holds=None):
    """Keeps one figure for --json; all have the same keys."""
    ROWS.append({"name": name, "value": value, "interval": interval, "n": n, "aim": aim, "holds": None if holds is None else bool(holds)})


def row(name, value, interval, n, aim="", holds=None):
    """Prints one figure, and keeps it."""
    kept(name, value, interval, n, aim, holds)
    told = "" if holds is None else "holds" if holds else "MISSED"
    ends = f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    print(f"{name:64}{value:8.3f} {ends:18} n {n:5} {aim:10} {told}", flush=True)


# --- reliabilities ----------------------------------------------------------------------------------------------------------------------
def simulated(flips, items, people=5):
    """[(reliability that is worked out, share that was right)] of annotators who err in so many judgements."""
    rng, judged, right = random.Random(int(100 * flips)), {}, Counter()
    for item in range(items):
        truth = rng.choice("ab")
        judged[str(item)] = {f"p{n}": truth if rng.random() > flips else "ab"[truth == "a"] for n in range(people)}
        right.update(who for who, said in judged[str(item)].items() if said == truth)
    return [(found, right[who] / items) for who, found in trust.dawid_skene(judged)[0].items()]


# Items that five annotators judge until each is known to three points: of those who err in 30 % one is estimated with a standard deviation of .02 from 600.
NEEDED = {0.1: 600, 0.2: 600, 0.3: 3000}


def reliabilities(xstest):
    for flips, items in NEEDED.items():
        for n, (found, right) in enumerate(simulated(flips, items), 1):
            off = abs(found - right)
            row(f"reliability of no. {n} of five who err in {flips:.0%}, off by", off, None, items, "< .03", off < 0.03)
    if xstest:
        judged = {}
        for path in sorted(Path(xstest).glob("completions_*.csv.gz")):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                for n, r in enumerate(csv.DictReader(file)):
                    labels = [v[:1] for k, v in r.items() if k.startswith("annotation")][:2]
                    if len(labels) == 2 and all(labels):
                        judged[f"{n} {path.name}"] = dict(zip("xy", labels))
        found = agreement.agreement(judged, cluster=lambda item: item.split()[0])  # three models answered each prompt
        row(f"XSTest's two people, {found['measure']}", found["score"], (found["low"], found["high"]), found["n"])


# --- methods ----------------------------------------------------------------------------------------------------------------------------
def compare(run, out, option):
    """The table of methods that page 5 shows, with more or other methods than the run named."""
    own = run / "5_post_training"
    params, lessons = read_json(own / "phase.json")["params"], own / "lessons.jsonl"
    how = dict(learning_rate=float(option("--rate", 0)), batch_size=8, adapter=option("--adapter", "full"), rank=16, device="auto")
    taught = {
        "data": lessons if lessons.exists() else run / "2_dataset_engineering/instructions/train.jsonl",
        "learning_rate": params["sft_learning_rate"],
        "batch_size": params["sft_batch_size"],
        "frozen": params["frozen_layers"] if how["adapter"] == "full" else 0,
    }
    names, start = option("--only", " ".join(METHODS)).split(), Path(option("--start", own / "sft"))
    paths = [METHODS.get(name, name) + bracket + rest for name, bracket, rest in (text.partition("(") for text in names)]
    seconds, seeds, limit = float(option("--seconds", 60)), int(option("--seeds", 3)), int(option("--limit", 100))
    folder = run / "2_dataset_engineering/tasks"
    table = rivals.compared(paths, start, own / "pairs.jsonl", folder, out / "rivals", seconds, seeds, taught, limit, **how)
    for told in (*ranking.told(table), *({"against the chosen answers alone": "", **owed} for owed in ranking.ablation(table))):
        print("\n" + "\n".join(f"{key:22}{value}" for key, value in told.items()), flush=True)
    keep(table, seeds)


def keep(table, seeds):
    """Keeps a table of methods for --json; of one that did not learn that it did not."""
    better = ranking.beaten(table)
    for name, mine in ranking.learnt(table).items():
        for kind, items in ((k, i) for k, i in mine["gains"].items() if i):
            d = ranking.difference(items)
            kept(f"{name}: gain in {kind}", d["difference"], (d["low"], d["high"]), len(items), "> 0", d["low"] > 0)
        for what, words in ranking.COSTS.items():
            kept(f"{name}: cost, {words}", mine[what], None, seeds)
        kept(f"{name}: beaten by {', '.join(better[name]) or 'none'}", len(better[name]), None, len(table) - 1, "0", not better[name])
    for name, one in table.items():
        if one and "error" in one:
            kept(f"{name}: did not learn: {one['error']}", None, None, 0, "learns", False)


# --- reward model -----------------------------------------------------------------------------------------------------------------------
def rewards(run, out, seconds, hh):
    start, pairs = run / "5_post_training/sft", run / "5_post_training/pairs.jsonl"
    summary, learnt = rivals.filled(reward.reward, seconds, out / "reward", model=start, data=pairs)
    told = summary["held_out"]
    for name in ("accuracy", "when_longer", "when_shorter", "when_more_format", "when_less_format"):
        if told[name]:
            row(f"reward model, held out: {name}", told[name]["score"], (told[name]["low"], told[name]["high"]), told[name]["n"])
    row("    calibration error", told["calibration"], None, told["accuracy"]["n"])
    row("    of a model that is as right as sure", told["by_chance"], None, told["accuracy"]["n"])
    row("    pairs of which something was cut", told["cut"], None, told["accuracy"]["n"])
    for what, name in (("longer", "longer"), ("more formatted", "format")):
        for who, key in (("prefers", f"prefers_{name}"), ("people prefer", f"people_prefer_{name}")):
            for when, of in (("", told), (", uncorrected", summary["uncorrected"])):
                if of[key] is not None and (who == "prefers" or not when):
                    row(f"    {who} the {what} answer{when}", of[key], None, told["accuracy"]["n"])
    judged = feedback.table(judgements.counted(feedback.of_pairs(jsonl(pairs))))
    for name, found in agreement.ceilings(judged).items():
        row(f"    label: {name}", found["score"], (found["low"], found["high"]), found["n"])
    if likely := [r["likelihood"] for r in jsonl(pairs) if "likelihood" in r]:
        found = stats.interval(likely)
        row("    label: the truth, as likely as people's judgements make it", found["score"], (found["low"], found["high"]), found["n"])
    if hh:
        with gzip.open(hh, "rt", encoding="utf-8") as file:
            pairs, _ = teaching.sound([pair for line in file for pair in _pairs(json.loads(line))])
        asked = pairs[:1500]
        found = reward.judged(asked, reward.pair_scores(learnt, asked))["accuracy"]
        row(
            "reward model on hh-rlhf's harmless test pairs (never trained on)",
            found["score"],
            (found["low"], found["high"]),
            found["n"],
            "> .5",
            found["low"] > 0.5,
        )


def _pairs(record):
    from llmlab.data import layouts

    try:
        pair = layouts.preference(record, layouts.preference_layout(record))
    except ValueError:
        return []
    return [pair] if len(pair["chosen"]) == len(pair["rejected"]) == 1 and pair["chosen"] != pair["rejected"] else []


def main(run, option):
    import masks

    run, out = Path(run).absolute(), Path(run).absolute() / "posttraining"
    parts = {
        "masks": lambda: [row(**told) for told in masks.table(tokens.load(run / "5_post_training/sft"))],
        "reliabilities": lambda: reliabilities(option("--xstest", "")),
        "reward": lambda: rewards(run, out, float(option("--seconds", 60)), option("--hh", "")),
        "methods": lambda: compare(run, out, option),
    }
    for name in option("--parts", ",".join(parts)).split(","):
        parts[name]()
        if place := option("--json", ""):
            Path(place).write_text(json.dumps(ROWS, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default)
