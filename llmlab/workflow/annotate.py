"""`llmlab annotate RUN`: what a run would ask people, and the sitting in which they judge it, in a notebook or on a page of this machine."""

import json
from pathlib import Path

from llmlab.data import feedback, handover, sitting
from llmlab.evaluation import candidates
from llmlab.pages import judging
from llmlab.spine import doors
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_jsonl, write_text

FILE, ASKED = "annotations.jsonl", "asked.jsonl"
TEXT, POST = "2_dataset_engineering", "5_post_training"


def questions(run, count=60, seed=0, models=()):
    """What people are asked of a run, drawn once and kept beside it, so that everybody judges the same answers.

    Args:
        models: folders of more models that answer, of this run or of others, beside the newest one.
    """
    kept = run.path / ASKED
    if kept.exists():
        return jsonl(kept)
    lessons = [p["prompt"] for p in jsonl(run[f"{TEXT}/preferences"] / "train.jsonl")]
    lessons = list({json.dumps(p): p for p in lessons if p}.values())
    if not lessons:
        raise UserError(
            f"{run.place} has no prompts to ask about",
            "a run whose phase 2 took in preferences",
            f"llmlab run {run.place} -p preferences=…",
        )
    scores = next((f for p in (f"{POST}/scores", "4_preliminary_evaluation/scores") if (f := run.find(p))), None)
    scores = next((f for f in (scores / "model", scores / "sft", scores) if (f / "samples.jsonl").exists()), None) if scores else None
    samples, results = (jsonl(scores / "samples.jsonl"), read_json(scores / "results.json")) if scores else ([], {})
    asked = candidates.weak(lessons, samples, results, 2 * count, seed)
    folders = {"newest": run[run.newest_model()], **{str(n): Path(f) for n, f in enumerate(models)}}
    found = candidates.drawn(folders, asked, seed)[:count] + candidates.gold(run[f"{TEXT}/tasks"], seed=seed)
    write_jsonl(kept, found)
    return found


def place(run, file=""):
    """The file of judgements: the one that is named, or annotations.jsonl beside the run's phases."""
    return Path(file).absolute() if file else run.path / FILE


def sit(run, annotator, file="", most=sitting.MOST):
    """The sitting as a widget for a notebook."""
    return judging.widget(sitting.Sitting(place(run, file), questions(run), annotator, most))


def serve(run, port, echo, file="", most=sitting.MOST):
    """The sitting as a page, for everybody who reaches this machine's browser, until it is interrupted."""
    asked, path = questions(run), place(run, file)
    door = doors.bound("127.0.0.1", port, f"llmlab annotate {run.place}")
    echo(f"{doors.address('127.0.0.1', door)}\njudgements: {path}")
    doors.answer(judging.application(lambda annotator: sitting.Sitting(path, asked, annotator, most)), door)


def export(run, kind, out, file=""):
    """Writes the judgements of a run in the layout of another tool; returns how many records."""
    if kind not in handover.EXPORTS:
        raise UserError(f"--to {kind}", ", ".join(handover.EXPORTS), f"llmlab annotate {run.place} --to trl FILE")
    rows = handover.EXPORTS[kind](feedback.read(place(run, file)))
    write_jsonl(out, rows) if kind == "trl" else write_text(out, json.dumps(rows, ensure_ascii=False, indent=1))
    return len(rows)
