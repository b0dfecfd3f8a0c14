"""Which pays: python bench/knowledge.py RUN [MINUTES]

Three ways to teach an adopted model what a company knows, each for the same minutes on this machine, from the same base and lessons:

    lessons alone         supervised conversations, and nothing else
    documents, then lessons   half of the time pre-training goes on, on the company's documents
    looked up             a row of the knowledge base stands beside each question, in training and in the exam

RUN is a run of `params/smollm2.yaml` that has its phases 1 to 3. Each arm is asked the questions of an outsider who saw a table of the facts and
nothing else. Scores carry intervals by wording, and differences are paired. Minutes are those of training steps; loading and
saving come on top, alike for all. It takes three times the minutes, and a half.
"""

import sys
from pathlib import Path

from llmlab.data import tasks
from llmlab.evaluation import evaluate
from llmlab.spine.files import read_json
from llmlab.training import posttrain, pretrain

BATCH, FROZEN = 2, 12


def filling(step, minutes, probe=3):
    """Repeats a step for as many training steps as fill some minutes, by the speed of `probe` of them."""
    tried = step(probe, "probe")
    steps = max(probe, round(60 * minutes * tried["steps"] / tried["seconds"]))
    done = step(steps, "whole")
    print(f"  {steps} steps in {done['seconds'] / 60:.1f} minutes, loss {done['first_loss']:.2f} to {done['last_loss']:.2f}", flush=True)


def arm(run, out, minutes, pretrained, grounding):
    """Trains one arm and returns its folder."""
    data, base = run / "2_dataset_engineering", run / "3_pretraining/model"

    def read(steps, name):
        seen = steps * BATCH * read_json(run / "1_model_design/budget.json")["context_length"]
        folder = made(out / f"read-{name}")
        return pretrain.pretrain(base, data / "tokenizer", data / "tokens", folder, seen, BATCH, 0.0, seed=1)

    def teach(steps, name):
        lessons, knowledge, folder = data / "instructions/train.jsonl", data / "knowledge/rows.jsonl", made(out / f"taught-{name}")
        return posttrain.sft(base, lessons, folder, 0.0, steps, BATCH, frozen=FROZEN, grounding=grounding, knowledge=knowledge, seed=1)

    if pretrained:
        minutes /= 2
        filling(read, minutes)
        base = out / "read-whole"
    filling(teach, minutes)
    return out / "taught-whole"


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(run, minutes):
    run, out = Path(run), Path(run) / "which_pays"
    asked = [
        t["name"]
        for t in tasks.read(run / "2_dataset_engineering/tasks", "test")
        if t["name"].startswith("outsider") or t["name"] == "catalogue"
    ]
    arms = {"lessons alone": (False, 0), "documents, then lessons": (True, 0), "looked up": (False, 1)}
    for name, how in arms.items():
        print(f"\n{name}", flush=True)
        folder = out / name.replace(", ", "-").replace(" ", "_")
        model = arm(run, folder, minutes, *how)
        found = evaluate.evaluate(
            model, run / "2_dataset_engineering/tasks", made(folder / "scores"), "chat", "test", asked, 60, 1, final=True
        )
        for task, score in found.items():
            print(
                f"  {task:24}{score['score']:.3f}  [{score['low']:.3f}, {score['high']:.3f}]  n = {score['n']}, chance {score['chance']:.2f}"
            )
    folders = [out / name.replace(", ", "-").replace(" ", "_") / "scores" for name in arms]
    for before, after in ((0, 1), (0, 2), (1, 2)):
        for task, change in evaluate.compare(folders[before], folders[after]).items():
            words = f"{list(arms)[before]} → {list(arms)[after]}"
            print(f"{words:46}{task:24}{change['difference']:+.3f} [{change['low']:+.3f}, {change['high']:+.3f}]  {change['verdict']}")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 15.0)
