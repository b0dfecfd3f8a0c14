"""`llmlab annotate RUN`: the sitting in which people judge what a run asks them, on a page of this machine; and their judgements for other tools."""

import json
from pathlib import Path

from llmlab.data import feedback, handover, sitting
from llmlab.evaluation import candidates
from llmlab.pages import judging
from llmlab.spine import doors
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_json, write_jsonl, write_text
from llmlab.spine.run import existing

FILE, ASKED = "annotations.jsonl", "5_post_training/asked.jsonl"
TASKS = "2_dataset_engineering/tasks"


def questions(run, single="", models=()):
    """What people are asked of a run: the answers that phase 5 drew, the same for everybody, and some whose better answer is known.

    Args:
        single: "score" or "thumb" for single answers on a scale, "" for pairs.
        models: names of models that answer the same prompts now instead, "assistant" of this run or "runs/other:assistant" of another.
    """
    if run.confidential:
        raise UserError(f"the text of {run.place} is confidential", "a run of text that people may read", "llmlab annotate ANOTHER_RUN")
    drawn = jsonl(run[ASKED])
    if not drawn:
        raise UserError(
            f"{run.place} asks nothing of people",
            "a run whose phase 5 drew answers for them",
            f"llmlab run {run.place} -p 5_post_training.questions=30",
        )
    if models:
        drawn = candidates.drawn({name: _folder(run, name) for name in models}, [(q["prompt"], q["why"]) for q in drawn])
    if single:
        return [{"prompt": q["prompt"], "a": q[side], "scale": single} for q in drawn for side in ("a", "b")]
    return candidates.with_gold(drawn, run[TASKS])


def _folder(run, name):
    """The folder of a model, which may be another run's."""
    other, _, model = name.rpartition(":")
    of = existing(Path(other).absolute()) if other else run
    if of.confidential:
        raise UserError(f"the text of {of.place} is confidential", "models of text that people may read", f"llmlab annotate {run.place}")
    return of[of.model(model)]


def place(run, file=""):
    """The file of judgements: the one that is named, or annotations.jsonl beside the run's phases."""
    return Path(file).absolute() if file else run.path / FILE


def serve(run, port, echo, file="", most=sitting.MOST, single="", models=()):
    """The sitting as a page, until it is interrupted."""
    asked, path = questions(run, single, models), place(run, file)
    door = doors.bound("127.0.0.1", port, f"llmlab annotate {run.place}")
    echo(f"{doors.address('127.0.0.1', door)}\njudgements: {path}\nthen:       llmlab run {run.place} -p annotations={path}")
    doors.answer(judging.application(lambda annotator: sitting.Sitting(path, asked, annotator, most)), door)


def export(run, kind, out, file=""):
    """Writes the judgements of a run in the layout of another tool; returns how many records."""
    if kind not in handover.EXPORTS:
        raise UserError(f"--to {kind}", ", ".join(handover.EXPORTS), f"llmlab annotate {run.place} --to trl FILE")
    rows = handover.EXPORTS[kind](feedback.read(place(run, file))[0])
    if not rows:
        raise UserError(
            f"{place(run, file)} holds no comparison that {kind} has a place for",
            "judgements of pairs of answers",
            f"llmlab annotate {run.place}",
        )
    write = {
        "trl": write_jsonl,
        "hh": write_jsonl,
        "label_studio": lambda path, found: write_text(path, json.dumps(found, ensure_ascii=False, indent=1)),
    }
    write.get(kind, write_json)(out, rows)
    return len(rows)
