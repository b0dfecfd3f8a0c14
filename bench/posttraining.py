"""People's judgement and what is made of it: python bench/posttraining.py RUN [--xstest FOLDER] [--hh FILE] [--seconds 60] [--seeds 3] [--json FILE]

Prints (name, value, interval, n, aim, holds), what missed its aim too:

    reliabilities     of simulated annotators who toss 10, 20 and 30 % of their judgements, as Dawid and Skene's model works them out; the agreement
                      of XSTest's two people (Röttger et al. 2024), if its folder is given
    methods           SFT alone, SFT on the chosen answers, and each method, from the supervised model of RUN on its pairs, for the same seconds of training
                      and with several seeds; what each gains on the validation half against SFT alone, how far it moved from it, and how long its
                      answers got
    reward model      on pairs of RUN that were held out, against what one annotator says of the others'; on hh-rlhf's test pairs, if they are given

RUN is a run with its phases 1 to 5. About twenty minutes on two cores with a minute per method and one seed.
"""

import csv
import gzip
import json
import random
import sys
from pathlib import Path

from llmlab.data import tasks, teaching, trust
from llmlab.evaluation import agreement, asking, evaluate, stats
from llmlab.models import weights
from llmlab.spine.files import jsonl, read_json, write_jsonl
from llmlab.training import methods, posttrain, reward

METHODS = {"dpo": posttrain.dpo, **{m.__name__: m for m in (methods.chosen, methods.ipo, methods.simpo, methods.orpo, methods.kto)}}
ROWS = []


def row(name, value, interval, n, aim="", holds=None):
    """Prints one figure, and keeps it."""
    ROWS.append({"name": name, "value": value, "interval": interval, "n": n, "aim": aim, "holds": holds})
    told = "" if holds is None else "holds" if holds else "MISSED"
    ends = f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    print(f"{name:64}{value:8.3f} {ends:18} n {n:5} {aim:10} {told}", flush=True)


# --- reliabilities ----------------------------------------------------------------------------------------------------------------------
def simulated(flips, items=600, people=5):
    """(reliabilities that are worked out, of annotators who err in so many judgements)."""
    rng, judged = random.Random(int(100 * flips)), {}
    for item in range(items):
        right = rng.choice("ab")
        judged[str(item)] = {f"p{n}": right if rng.random() > flips else "ab"[right == "a"] for n in range(people)}
    return list(trust.dawid_skene(judged)[0].values())


def reliabilities(xstest):
    for flips in (0.1, 0.2, 0.3):
        found = simulated(flips)
        off = max(abs(r - (1 - flips)) for r in found)
        row(
            f"reliability of those who err in {flips:.0%}, the mean of five",
            sum(found) / 5,
            None,
            600,
            "within .03",
            abs(sum(found) / 5 - 1 + flips) < 0.03,
        )
        row("    the one that is furthest off", off, None, 600)
    if xstest:
        judged = {}
        for path in sorted(Path(xstest).glob("completions_*.csv.gz")):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                for n, r in enumerate(csv.DictReader(file)):
                    labels = [v[:1] for k, v in r.items() if k.startswith("annotation")][:2]
                    if len(labels) == 2 and all(labels):
                        judged[f"{path.name} {n}"] = dict(zip("xy", labels))
        found = agreement.agreement(judged)
        row(f"XSTest's two people, {found['measure']}", found["score"], (found["low"], found["high"]), found["n"])


# --- methods ----------------------------------------------------------------------------------------------------------------------------
def filled(method, seconds, out, **how):
    """A model that a method trained for as many steps as fill some seconds, by the speed of three."""
    probe = method(out=made(out / "probe"), max_steps=3, **how)
    steps = max(5, round(seconds * probe["steps"] / max(1e-6, probe["seconds"])))
    return method(out=made(out / "model"), max_steps=steps, **how), out / "model"


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def moved(folder, start, conversations):
    """KL divergence from the supervised model, estimated on the answers that the new model gives, in nats per answer; and their mean length in words."""
    (model, tokenizer), (before, _) = weights.load(folder), weights.load(start)
    answers = asking.reply(model, tokenizer, conversations, temperature=1.0, seed=1)
    pairs = [(c, a) for c, a in zip(conversations, answers) if a]
    gaps = [new - old for new, old in zip(asking.loglikelihood(model, tokenizer, pairs), asking.loglikelihood(before, tokenizer, pairs))]
    return sum(gaps) / max(1, len(gaps)), sum(len(a.split()) for a in answers) / len(answers)


def compare(run, out, seconds, seeds):
    """The table of methods: what each gains against SFT alone, over seeds."""
    start, folder, pairs = run / "5_post_training/sft", run / "2_dataset_engineering/tasks", run / "5_post_training/pairs.jsonl"
    evaluate.evaluate(start, folder, out / "scores/sft", form="chat", split="validation", limit=100, seed=1)
    asked = [
        i["messages"] for t in tasks.read(folder, "validation") if t["name"] == evaluate.main_task(folder, "") for i in t["items"][:40]
    ]
    for name, method in METHODS.items():
        for seed in range(1, seeds + 1):
            place = out / f"{name}-{seed}"
            summary, model = filled(method, seconds, place, model=start, data=pairs, learning_rate=0.0, batch_size=8, beta=0.3, seed=seed)
            evaluate.evaluate(model, folder, place / "scores", form="chat", split="validation", limit=100, seed=1)
            drift, words = moved(model, start, asked)
            print(
                f"  {name} seed {seed}: {summary['steps']} steps in {summary['seconds']:.0f} s, {drift:.2f} nats from SFT, {words:.1f} words per answer",
                flush=True,
            )
        _gains(name, out, seeds)


def _gains(name, out, seeds):
    """What a method gains on the tasks whose change is shown, and the mean over all."""
    first = {s["id"]: s for s in jsonl(out / "scores/sft/samples.jsonl")}
    heads = read_json(out / "scores/sft/results.json")
    of_task = {}
    for seed in range(1, seeds + 1):
        for s in jsonl(out / f"{name}-{seed}/scores/samples.jsonl"):
            sign = {"higher": 1, "lower": -1}.get(heads[s["task"]]["better"])
            if sign:
                of_task.setdefault(s["task"], {}).setdefault(s["id"], ([], s["cluster"]))[0].append(
                    sign * (s["score"] - first[s["id"]]["score"])
                )
    gains = {task: ([sum(g) / len(g) for g, _ in by.values()], [c for _, c in by.values()]) for task, by in of_task.items()}
    values, clusters = (
        [v for task, pair in gains.items() for v in pair[n]] if n == 0 else [f"{t} {c}" for t, pair in gains.items() for c in pair[1]]
        for n in (0, 1)
    )
    change = stats.difference([0.0] * len(values), values, clusters)
    row(f"{name}: mean gain of all tasks against SFT alone", change["difference"], (change["low"], change["high"]), len(values))
    for task, (some, of) in gains.items():
        told = stats.difference([0.0] * len(some), some, of)
        if told["verdict"] != "no difference shown":
            row(f"    {task}: {told['verdict']}", told["difference"], (told["low"], told["high"]), len(some))


# --- reward model -----------------------------------------------------------------------------------------------------------------------
def rewards(run, out, seconds, hh):
    start, pairs = run / "5_post_training/sft", run / "5_post_training/pairs.jsonl"
    probe = reward.reward(start, pairs, made(out / "reward-probe"), max_steps=3)
    summary = reward.reward(start, pairs, made(out / "reward"), max_steps=max(10, round(seconds * 3 / max(1e-6, probe["seconds"]))))
    told = summary["held_out"]
    for name in ("accuracy", "when_longer", "when_shorter"):
        if told[name]:
            row(f"reward model, held out: {name}", told[name]["score"], (told[name]["low"], told[name]["high"]), told[name]["n"])
    row("    calibration error", told["calibration"], None, told["accuracy"]["n"])
    row("    of a model that is as right as sure", told["by_chance"], None, told["accuracy"]["n"])
    row("    prefers the longer answer (people do in the next line)", told["prefers_longer"], None, told["accuracy"]["n"])
    row("    people prefer the longer answer", told["people_prefer_longer"], None, told["accuracy"]["n"])
    votes = [r["votes"] for r in jsonl(pairs) if "votes" in r]
    if votes:
        row("    one simulated annotator, against the majority", sum(v / 3 for v in votes) / len(votes), None, len(votes))
    if hh:
        with gzip.open(hh, "rt", encoding="utf-8") as file:
            write_jsonl(out / "hh.jsonl", [pair for line in file for pair in _pairs(json.loads(line))][:1500])
        asked = teaching.pairs(out / "hh.jsonl")
        found = reward.judged(asked, reward._pair_scores(out / "reward", asked))["accuracy"]
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
    run, out = Path(run).absolute(), Path(run).absolute() / "posttraining"
    reliabilities(option("--xstest", ""))
    compare(run, out, float(option("--seconds", 60)), int(option("--seeds", 3)))
    rewards(run, out, float(option("--seconds", 60)), option("--hh", ""))
    if place := option("--json", ""):
        Path(place).write_text(json.dumps(ROWS, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default)
