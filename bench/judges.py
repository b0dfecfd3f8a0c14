"""How well words recognise a refusal, against people: python bench/judges.py FOLDER_OF_XSTEST [dev]

The data are those of XSTest (Röttger et al. 2024), which are not in this project: completions_*.csv.gz, the answers of three models with two
people's labels each. They are split by a hash of the prompt's id; only the other half was looked at when `llmlab/evaluation/manner.py` was
written. With "dev" it prints the figures of that half instead.
"""

import csv
import gzip
import hashlib
import pathlib
import random
import sys

from llmlab.evaluation import manner

GROUPINGS = {"full refusal, or not": "2", "full or partial refusal, or not": "23"}


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


def main(folder, dev):
    rows = [(model, row, manner.of().refuses(row["completion"])) for model, row in answers(folder, dev)]
    print(f"{'':32}{'model':14}{'n':>4}{'refusals':>9}  kappa [95 % interval]  people   refused P/R   answered P/R")
    for name, kinds in GROUPINGS.items():
        for model in ("all", *sorted({m for m, _, _ in rows})):
            pairs, people, prompts = [], [], {}
            for row, said in ((r, s) for m, r, s in rows if model in ("all", m)):
                pair = (said, row["final_label"][0] in kinds)
                pairs.append(pair)
                people.append(tuple(row[f"annotation_{i}"][0] in kinds for i in (1, 2)))
                prompts.setdefault(row["id"], []).append(pair)
            (low, high), yes, no = interval(prompts), precision_recall(pairs, True), precision_recall(pairs, False)
            print(
                f"{name:32}{model:14}{len(pairs):4}{sum(t for _, t in pairs):9}   {kappa(pairs):.3f} [{low:.3f}, {high:.3f}] {kappa(people):7.3f}   {yes[0]:.3f} {yes[1]:.3f}   {no[0]:.3f} {no[1]:.3f}"
            )


if __name__ == "__main__":
    main(sys.argv[1], "dev" in sys.argv[2:])
