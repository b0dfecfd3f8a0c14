"""Whether `llmlab try` keeps its word: python bench/trials.py FOLDER [--seeds 3] [--pool 12] [--trials 200] [--json FILE]

A small run that is pre-trained by AdamW, and three changes whose outcome is known: Muon in its place, which LOG.md found to be better; ten times its
learning rate, which is worse; and none at all, where the two arms differ in their seeds alone, as often as there are trials, drawn from a pool of
trainings, so that they are not independent. FOLDER keeps all of them. Some twenty minutes on two cores. A part of evaluation.py.
"""

import json
import random
import sys
from pathlib import Path

from faults import SMALL
from rows import HOLDS, MISSED, UNSURE, row, share

from llmlab.spine.files import read_json
from llmlab.spine.params import PHASES, parse_options
from llmlab.spine.run import Run
from llmlab.workflow import ledger, outcome, pipeline, trial

PRE = PHASES[2]


def rows(folder, seeds, pool, trials):
    """The rows of two changes whose outcome is known, and of trials of nothing."""
    assert pool >= 2 * seeds, f"--pool {pool}: both arms of {seeds} seeds are drawn from it"
    run, found = Path(folder).absolute() / "adamw", []
    pipeline.run(run, [parse_options([*SMALL, "optimizer=adamw", f"{PRE}.tokens_seen=300000"])], None, list(PHASES[:3]), echo=print)
    rate = read_json(run / PRE / "model/.step.json")["summary"]["learning_rate"]
    for change, aim, times in (("optimizer=muon", ledger.BETTER, pool), (f"{PRE}.learning_rate={10 * rate:g}", ledger.WORSE, seeds)):
        told = trial.trial(run, parse_options([change]), on=outcome.BITS, seeds=times, echo=print)
        ends = (told["low"], told["high"]) if told["difference"] is not None else None
        state = HOLDS if told["verdict"] == aim else UNSURE if told["verdict"] == ledger.UNSURE else MISSED
        found.append(row(f"bits gained by {change}, {times} seeds", told["difference"] or 0.0, ends, told["items"], aim, holds=state))
        if times == pool:
            names = [Path(place).name for place in told["runs"]["baseline"]]
    trained = [Run(run if name == run.name else run.with_name(f"{run.name}-trials") / name) for name in names]
    rng, said = random.Random(1), []
    for _ in range(trials):
        both = rng.sample(trained, 2 * seeds)
        arms = {"baseline": both[:seeds], "variant": both[seeds:]}
        said.append(outcome.compared(Run(run), arms, outcome.BITS, PRE, 0.95)["verdict"])
    alarms, name = sum(verdict != ledger.UNSURE for verdict in said), f"trials of nothing that say better or worse, {seeds} seeds"
    return [*found, share(name, alarms, trials, "<= 0.05", f"drawn from {len(trained)} trainings")]


def main(folder, seeds, pool, trials, out):
    found = rows(folder, seeds, pool, trials)
    if out:
        Path(out).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    option = lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default  # noqa: E731
    main(sys.argv[1], int(option("--seeds", 3)), int(option("--pool", 12)), int(option("--trials", 200)), option("--json", ""))
