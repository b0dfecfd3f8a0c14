"""Whether `llmlab try` keeps its word: python bench/trials.py FOLDER [--seeds 3] [--pool 12] [--trials 20] [--json FILE]

A small run that is pre-trained by AdamW, and three changes whose outcome is known: Muon in its place, which LOG.md found to be better; ten times its
learning rate, which is worse; and none at all, where the two arms differ in their seeds alone, as often as there are trials, drawn from a pool of
trainings, so that they are not independent. FOLDER keeps all of them. Some twenty minutes on two cores.

Prints (name, value, interval, n, aim, holds).
"""

import json
import random
import sys
from pathlib import Path

from faults import SMALL

from llmlab.evaluation import stats
from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES, parse_options
from llmlab.spine.run import Run
from llmlab.workflow import ledger, outcome, pipeline, trial

PRE = PHASES[2]


def main(folder, seeds, pool, trials, out):
    assert pool >= 2 * seeds, f"--pool {pool}: both arms of {seeds} seeds are drawn from it"
    run = Path(folder).absolute() / "adamw"
    pipeline.run(run, [parse_options([*SMALL, "optimizer=adamw", f"{PRE}.tokens_seen=300000"])], None, list(PHASES[:3]), echo=print)
    rate, rows = read_json(run / PRE / "model/.step.json")["summary"]["learning_rate"], []

    def row(name, value, interval, n, aim, holds):
        rows.append({"name": name, "value": value, "interval": interval, "n": n, "aim": aim, "holds": bool(holds)})
        print(f"{name:60}{value:8.4f}  {interval}  n {n:4}  aim {aim:12} {'holds' if holds else 'MISSED'}", flush=True)

    for change, aim, times in (("optimizer=muon", ledger.BETTER, pool), (f"{PRE}.learning_rate={10 * rate:g}", ledger.WORSE, seeds)):
        found = trial.trial(run, parse_options([change]), on=outcome.BITS, seeds=times, echo=print)
        ends = [found["low"], found["high"]] if found["difference"] is not None else None
        row(f"bits gained by {change}, {times} seeds", found["difference"] or 0.0, ends, found["items"], aim, found["verdict"] == aim)
        if times == pool:
            names = [Path(place).name for place in found["runs"]["baseline"]]

    trained, rng, said = (
        [Run(run if name == run.name else run.with_name(f"{run.name}-trials") / name) for name in names],
        random.Random(1),
        [],
    )
    for _ in range(trials):
        both = rng.sample(trained, 2 * seeds)
        arms = {"baseline": both[:seeds], "variant": both[seeds:]}
        said.append(outcome.compared(Run(run), arms, outcome.BITS, PRE, 0.95)["verdict"])
    alarms = [float(verdict != ledger.UNSURE) for verdict in said]
    ends = stats.interval(alarms)
    row(
        f"trials of nothing that say better or worse, {seeds} seeds",
        sum(alarms) / trials,
        [ends["low"], ends["high"]],
        trials,
        "<= 0.05",
        ends["low"] <= 0.05,
    )
    if out:
        Path(out).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    option = lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default  # noqa: E731
    main(sys.argv[1], int(option("--seeds", 3)), int(option("--pool", 12)), int(option("--trials", 20)), option("--json", ""))
