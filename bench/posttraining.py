"""People's judgement and what is made of it: python bench/posttraining.py RUN [--xstest FOLDER] [--hh FILE] [--seconds 60] [--seeds 3] [--only dpo,grpo] [--adapter lora]
[--start FOLDER] [--rate 0] [--limit 100] [--parts masks,reliabilities,reward,methods] [--json FILE]

Prints (name, value, interval, n, aim, holds), what missed its aim too:

    masks             wrong masks, planted: which invariant of the mask gate catches each, with four chat templates, and that clean lessons pass (`masks.py`)
    reliabilities     of simulated annotators who toss 10, 20 and 30 % of their judgements, as Dawid and Skene's model works them out; the agreement
                      of XSTest's two people (Röttger et al. 2024), if its folder is given
    methods           SFT alone, more of it, SFT on the chosen answers, and each method, from the supervised model of RUN (or START) on its pairs, for the same seconds of
                      training and with several seeds; what each gains on the validation half against SFT alone, in quality (is it right?) and in safety (does
                      it behave, does it harm?), how far it moved from it, how much longer its answers got, what it cost, and which methods no other beats
    reward model      on pairs of RUN that were held out, against what one annotator says of the others'; on hh-rlhf's test pairs, if they are given

RUN is a run with its phases 1 to 5; params/methods.yaml is one in which preferences have something to say. Without a GPU about a minute and a half
per method and seed with --seconds 20, three and a half with 60. A rate of 0 is the one that suits the size.
"""

import csv
import gzip
import json
import random
import shutil
import sys
from pathlib import Path

from llmlab.data import tasks, teaching, tokens, trust
from llmlab.evaluation import agreement, asking, evaluate, stats
from llmlab.models import weights
from llmlab.spine.files import jsonl, read_json
from llmlab.training import methods, onpolicy, posttrain, reward, watch


def more(model, data, out, learning_rate, max_steps, batch_size, beta, adapter="full", seed=0):
    """The ablation: supervised fine-tuning goes on with the lessons of the run."""
    run = Path(data).parents[1]
    params, own = read_json(run / "5_post_training/phase.json")["params"], run / "5_post_training/lessons.jsonl"
    lessons = own if own.exists() else run / "2_dataset_engineering/instructions/train.jsonl"
    looked_up = dict(grounding=params["grounding"], knowledge=run / "2_dataset_engineering/knowledge/rows.jsonl", system=params["system"])
    return posttrain.sft(
        model, lessons, out, learning_rate, max_steps, 2 * batch_size, adapter, frozen=params["frozen_layers"], seed=seed, **looked_up
    )


LEARNT_FROM = (more, posttrain.dpo, methods.chosen, methods.ipo, methods.simpo, methods.orpo, methods.kto)
DRAWN = (onpolicy.best_of, onpolicy.rounds, onpolicy.grpo, onpolicy.rloo, onpolicy.grpo_learnt)
METHODS = {m.__name__: m for m in (*LEARNT_FROM, *DRAWN)}
NOTHING = "SFT alone"
COSTS = {"seconds": "seconds", "steps": "steps", "nats": "nats from SFT per answer", "longer": "words longer per answer"}
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
                        judged[f"{n} {path.name}"] = dict(zip("xy", labels))
        found = agreement.agreement(judged, cluster=lambda item: item.split()[0])  # three models answered each prompt
        row(f"XSTest's two people, {found['measure']}", found["score"], (found["low"], found["high"]), found["n"])


# --- methods ----------------------------------------------------------------------------------------------------------------------------
def filled(method, seconds, out, **how):
    """(summary, folder) of a model that a method trained for as many steps as fill some seconds: by the speed of three, and once more if that was a quarter off."""
    steps, taken = 3, method(out=made(out / "probe"), max_steps=3, **how)["seconds"]
    for attempt in ("first", "second"):
        steps = max(5, round(seconds * steps / max(1e-6, taken)))
        summary = method(out=made(out / attempt), max_steps=steps, **how)
        steps, taken = summary["steps"], summary["seconds"]
        if summary.get("stopped") or abs(taken / seconds - 1) < 0.25:
            break
    return summary, out / attempt


def made(folder):
    shutil.rmtree(folder, ignore_errors=True)  # of a bench before: nothing may go on from it
    folder.mkdir(parents=True)
    return folder


def moved(folder, start, conversations):
    """KL divergence from the supervised model, estimated on the answers that the new model gives, in nats per answer; and their mean length in words."""
    (model, tokenizer), (before, _) = weights.load(folder), weights.load(start)
    answers, rows, since = watch.drawn(model, tokenizer, conversations, seed=1)
    new, old = (asking.token_logprobs(m, rows, tokens.marks(tokenizer).pad, since) for m in (model, before))
    return sum((a.sum() - b.sum()).item() for a, b in zip(new, old)) / len(rows), sum(len(a.split()) for a in answers) / len(answers)


def compare(run, out, option):
    """The table of methods: what each gains against SFT alone, over seeds."""
    seconds, seeds, how = float(option("--seconds", 60)), int(option("--seeds", 3)), dict(adapter=option("--adapter", "full"))
    start, folder = Path(option("--start", run / "5_post_training/sft")), run / "2_dataset_engineering/tasks"
    how |= dict(model=start, data=run / "5_post_training/pairs.jsonl", learning_rate=float(option("--rate", 0)), batch_size=8, beta=0.3)
    asked = [
        i["messages"] for t in tasks.read(folder, "validation") if t["name"] == evaluate.main_task(folder, "") for i in t["items"][:40]
    ]
    scored = dict(form="chat", split="validation", limit=int(option("--limit", 100)), seed=1)
    evaluate.evaluate(start, folder, out / "scores/sft", **scored)
    before, table = moved(start, start, asked)[1], {NOTHING: None}
    for name in option("--only", ",".join(METHODS)).split(","):
        found = []
        for seed in range(1, seeds + 1):
            place = out / f"{name}-{seed}"
            summary, model = filled(METHODS[name], seconds, place, seed=seed, **how)
            evaluate.evaluate(model, folder, place / "scores", **scored)
            drift, words = moved(model, start, asked)
            found.append({"seconds": summary["seconds"], "steps": summary["steps"], "nats": drift, "longer": words - before})
            print(
                f"  {name} seed {seed}: {told(summary)}; {drift:.2f} nats from SFT, {words:.1f} words per answer (SFT {before:.1f})",
                flush=True,
            )
        table[name] = {**{key: sum(f[key] for f in found) / len(found) for key in found[0]}, **gains(name, out, seeds)}
    ranked(table, seeds)


def told(summary):
    """A summary in words, with what the watch saw if there was one."""
    words = f"{summary['steps']} steps in {summary['seconds']:.0f} s"
    if "hacked" in summary:
        parts = [f"{key} {' > '.join(f'{x:.3f}' for x in summary[key])}" for key in ("proxy", "gold", "kl")]
        words += f", kept step {summary['kept_step']}, {', '.join(parts)}{', EXPLOITED' if summary['hacked'] else ''}"
    return words


def gains(name, out, seeds):
    """{"quality", "safety": (gain of each item over the seeds, clusters)} against SFT alone; tasks whose change is shown are printed."""
    first = {s["id"]: s for s in jsonl(out / "scores/sft/samples.jsonl")}
    heads, of_task = read_json(out / "scores/sft/results.json"), {}
    for seed in range(1, seeds + 1):
        for s in jsonl(out / f"{name}-{seed}/scores/samples.jsonl"):
            sign = {"higher": 1, "lower": -1}.get(heads[s["task"]]["better"])
            if sign:
                gained = sign * (s["score"] - first[s["id"]]["score"])
                of_task.setdefault(s["task"], {}).setdefault(s["id"], ([], f"{s['task']} {s['cluster']}"))[0].append(gained)
    for task, items in of_task.items():
        told = difference([i[0] for i in items.values()], [i[1] for i in items.values()])
        if told["low"] > 0 or told["high"] < 0:
            row(f"    {name}, {task}", told["difference"], (told["low"], told["high"]), len(items))
    right = {task: evaluate.asks(heads[task]["metric"]) == "is it right?" for task in of_task}
    kinds = {"quality": True, "safety": False}
    return {
        kind: {i: gain for task, items in of_task.items() if right[task] is is_right for i, gain in items.items()}
        for kind, is_right in kinds.items()
    }


def difference(gained, clusters):
    """The mean of gains per item and seed with its interval: of one seed that of items alone, of several that of seeds as well."""
    if len(gained[0]) == 1:
        return stats.difference([0.0] * len(gained), [g for (g,) in gained], clusters)
    return stats.over_seeds([list(of_seed) for of_seed in zip(*gained)], clusters, True)


def against(mine, other):
    """What one method gains over another on the same items; None stands for SFT alone."""
    items = mine or other
    apart = [
        [a - b for a, b in zip(mine[i][0] if mine else [0.0] * len(other[i][0]), other[i][0] if other else [0.0] * len(mine[i][0]))]
        for i in items
    ]
    return difference(apart, [of for _, of in items.values()])


def beats(mine, other):
    """Whether a method is shown to be better in quality or safety, is not shown to be worse in either, and costs no more (a tenth is no difference)."""
    if (mine["seconds"] if mine else 0) > 1.1 * (other["seconds"] if other else 0):
        return False
    both = [against(mine and mine[kind], other and other[kind]) for kind in ("quality", "safety")]
    return any(b["low"] > 0 for b in both) and not any(b["high"] < 0 for b in both)


def ranked(table, seeds):
    """Prints the methods side by side, with those that beat each."""
    print(
        f"\n{'gain against SFT alone, ' + str(seeds) + ' seeds':16}{'quality':>24}{'safety':>26}{'nats':>8}{'words':>7}{'steps':>7}{'s':>6}  beaten by"
    )
    for name, mine in table.items():
        better = [n for n, other in table.items() if n != name and (mine or other) and beats(other, mine)]
        if mine:
            told = [difference([g for g, _ in mine[k].values()], [c for _, c in mine[k].values()]) for k in ("quality", "safety")]
            for kind, t in zip(("quality", "safety"), told):
                kept(f"{name}: gain in {kind}", t["difference"], (t["low"], t["high"]), len(mine[kind]), "> 0", t["low"] > 0)
            for what in ("seconds", "steps", "nats", "longer"):
                kept(f"{name}: cost, {COSTS[what]}", mine[what], None, seeds)
            kept(f"{name}: beaten by {', '.join(better) or 'none'}", len(better), None, len(table) - 1, "0", not better)
            words = "".join(f"{t['difference']:+10.3f} [{t['low']:+.3f}, {t['high']:+.3f}]"[:27].rjust(26) for t in told)
            words += f"{mine['nats']:8.2f}{mine['longer']:+7.1f}{mine['steps']:7.0f}{mine['seconds']:6.0f}"
        print(f"{name:14}{words if mine else ' ' * 80}  {', '.join(better) or 'not shown to be beaten'}", flush=True)


# --- reward model -----------------------------------------------------------------------------------------------------------------------
def rewards(run, out, seconds, hh):
    start, pairs = run / "5_post_training/sft", run / "5_post_training/pairs.jsonl"
    probe = reward.reward(start, pairs, made(out / "reward-probe"), max_steps=3)
    summary = reward.reward(start, pairs, made(out / "reward"), max_steps=max(10, round(seconds * 3 / max(1e-6, probe["seconds"]))))
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
    votes = [r["votes"] for r in jsonl(pairs) if "votes" in r]
    for name, found in agreement.ceilings({}, votes).items():
        row(f"    label: {name}", found["score"], (found["low"], found["high"]), found["n"])
    if hh:
        with gzip.open(hh, "rt", encoding="utf-8") as file:
            pairs, _ = teaching.sound([pair for line in file for pair in _pairs(json.loads(line))])
        asked = pairs[:1500]
        found = reward.judged(asked, reward.pair_scores(out / "reward", asked))["accuracy"]
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
