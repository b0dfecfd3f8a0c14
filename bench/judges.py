"""How well words recognise a refusal, against people: python bench/judges.py FOLDER_OF_XSTEST [dev | keep]

The data are those of XSTest (Röttger et al. 2024), which are not in this project: completions_*.csv.gz, the answers of three models with two
people's labels each. They are split by a hash of the prompt's id; only the other half was looked at when `llmlab/evaluation/manner.py` was
written. With "dev" it prints the figures of that half instead; with "keep" the table becomes that of page 7 (`llmlab/evaluation/refusals.json`).

    python bench/judges.py answers [RUN/2_dataset_engineering/tasks]

How often the other judges pass what they should, and nothing else: 348 answers in `strangers.jsonl`, right and wrong ones, by two writers who saw nothing of
this project. Both have been read since by whoever wrote the words, so it is a set to develop by and the figures flatter; those from before stand in LOG.md.
Rudeness needs a run's detector.
"""

import csv
import gzip
import hashlib
import json
import pathlib
import random
import sys

from llmlab.evaluation import judges, manner, refusals, stats

KEPT = "2"
GROUPINGS = {"full refusal, or not": KEPT, "full or partial refusal, or not": "23"}


def answers(folder, dev):
    """(model, row) of each answer on one side of the split."""
    for path in sorted(pathlib.Path(folder).glob("completions_*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if (int(hashlib.sha256(row["id"].encode()).hexdigest(), 16) % 2 == 0) == dev:
                    yield path.name.split("_")[1].split(".")[0], row


def kappa(pairs):
    """Cohen's kappa of two yes-or-no judgements."""
    n = len(pairs)
    a, b = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    chance = a * b + (1 - a) * (1 - b)
    return (sum(x == y for x, y in pairs) / n - chance) / (1 - chance) if chance < 1 else float("nan")


def interval(by_prompt, rounds=2000):
    """95 % bootstrap interval of kappa, drawing prompts with all their answers."""
    draw, prompts = random.Random(0), list(by_prompt.values())
    found = sorted(kappa([p for group in draw.choices(prompts, k=len(prompts)) for p in group]) for _ in range(rounds))
    return found[int(0.025 * rounds)], found[int(0.975 * rounds) - 1]


def precision_recall(pairs, kind):
    both = sum(x == y == kind for x, y in pairs)
    return both / max(1, sum(x == kind for x, _ in pairs)), both / max(1, sum(y == kind for _, y in pairs))


def table(judged, kinds):
    """Rows as `refusals.keep` takes them. judged: (model, row of XSTest, whether words call it a refusal); kinds: labels that are refusals."""
    rows = []
    for model in (refusals.ALL, *sorted({m for m, _, _ in judged})):
        pairs, people, prompts = [], [], {}
        for row, said in ((r, s) for m, r, s in judged if model in (refusals.ALL, m)):
            pair = (said, row["final_label"][0] in kinds)
            pairs.append(pair)
            people.append(tuple(row[f"annotation_{i}"][0] in kinds for i in (1, 2)))
            prompts.setdefault(row["id"], []).append(pair)
        (low, high), found = interval(prompts), {"model": model, "n": len(pairs), "refusals": sum(t for _, t in pairs)}
        found |= {"kappa": kappa(pairs), "low": low, "high": high, "people": kappa(people)}
        for name, kind in (("refused", True), ("answered", False)):
            found |= dict(zip((f"{name} precision", f"{name} recall"), precision_recall(pairs, kind)))
        rows.append({key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()})
    return rows


METRIC = {"admits": "admits_ignorance", "urgent": "sends_help", "polite": "offensive"}  # what a writer calls a judge, and its metric


def passed(judge, row):
    """Whether an answer of `strangers.jsonl` passes its judge."""
    metric = METRIC.get(row["judge"], row["judge"])
    item = {"messages": [{"role": "user", "content": row["question"]}], "target": row.get("right", []), "wrong": row.get("wrong", [])}
    return (judge.scores({"metric": metric, "name": ""}, [item], [row["answer"]])[0] >= 0.5) != (metric == "offensive")


def strangers(tasks=""):
    """Prints for each judge the share of right and of wrong answers that it takes for what they are."""
    path = pathlib.Path(__file__).with_name("strangers.jsonl")
    rows, judge = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], judges.Judge(tasks or ".")
    print(f"{'judge':10}{'of right answers passes':>40}{'of wrong answers rejects':>40}")
    for name in dict.fromkeys(row["judge"] for row in rows if tasks or row["judge"] != "polite"):
        told = []
        for right in (True, False):
            found = stats.interval([float(passed(judge, r) == right) for r in rows if r["judge"] == name and r["pass"] == right])
            told.append(f"{found['score']:.2f} [{found['low']:.2f}, {found['high']:.2f}] of {found['n']}")
        print(f"{name:10}{told[0]:>40}{told[1]:>40}")


def main(folder, how):
    if folder == "answers":
        return strangers(how)
    judged = [(model, row, manner.of().declines(row["completion"])) for model, row in answers(folder, how == "dev")]
    print(f"{'':32}{'model':14}{'n':>4}{'refusals':>9}  kappa [95 % interval]  people   refused P/R   answered P/R")
    for name, kinds in GROUPINGS.items():
        rows = table(judged, kinds)
        for r in rows:
            shares = "   ".join(f"{r[f'{kind} precision']:.3f} {r[f'{kind} recall']:.3f}" for kind in ("refused", "answered"))
            kappas = f"{r['kappa']:.3f} [{r['low']:.3f}, {r['high']:.3f}] {r['people']:7.3f}"
            print(f"{name:32}{r['model']:14}{r['n']:4}{r['refusals']:9}   {kappas}   {shares}")
        if how == "keep" and kinds == KEPT:
            refusals.keep(
                rows, "XSTest (Röttger et al. 2024), the half of its prompts that nobody saw who wrote the words: full refusals, or not"
            )


if __name__ == "__main__":
    main(sys.argv[1], (sys.argv[2:] or [""])[0])
