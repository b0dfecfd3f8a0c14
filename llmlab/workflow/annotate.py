"""`llmlab annotate RUN`: the sitting in which people judge what a run asks them, on a page of this machine; and their judgements for other tools."""

import json
import shlex
from collections import Counter
from pathlib import Path

from llmlab.data import annotated, handover, judgements, lengths, sitting, tasks
from llmlab.evaluation import arena, candidates
from llmlab.pages import judging
from llmlab.spine import doors, provenance
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_jsonl, write_text
from llmlab.spine.run import existing

FILE, ASKED = "annotations.jsonl", "5_post_training/asked.jsonl"
BESIDE = "7_final_evaluation/asked.jsonl"  # answers of several models, for the arena
TASKS, TAUGHT = "2_dataset_engineering/tasks", "5_post_training/results.json"
TWO = "judgements of pairs of answers, or --to kto for those of single ones"


def questions(run, single="", models=(), side_by_side=False, ask=""):
    """What people are asked of a run: the answers that phase 5 drew, the same for everybody, and some whose better answer is known.

    Args:
        single: "score" or "thumb" for single answers on a scale, "" for pairs.
        models: names of models that answer the same prompts now instead: "assistant" of this run, "runs/other:assistant" of another, or a folder.
        side_by_side: answers of several models to the test half, as phase 7 drew them, in place of those of one.
        ask: a file of pairs or single answers, or of prompts for `models`, in place of what the run drew.
    """
    if run.confidential:
        raise UserError(f"the text of {run.place} is confidential", "a run of text that people may read", "llmlab annotate ANOTHER_RUN")
    if ask:
        drawn = _brought(run, ask, models)
    else:
        drawn = arena.blind(jsonl(run[BESIDE])) if side_by_side else jsonl(run[ASKED])
    if not drawn and side_by_side:
        raise UserError(f"the models of {run.place} answer alike", "models that differ", f"llmlab annotate {run.place}")
    if not drawn:
        raise UserError(
            f"{run.place} asks nothing of people",
            "a run whose phase 5 drew answers for them, or a file of pairs or answers",
            f"llmlab run {run.place} -p 5_post_training.questions=30   (or llmlab annotate {run.place} --ask FILE)",
        )
    if models:
        drawn = _answered(run, models, drawn)
    return candidates.with_gold(drawn, run[TASKS], single or "pair")


def _brought(run, ask, models):
    """What a file asks people about. A prompt without an answer is for models to answer first."""
    drawn, left_out = annotated.asked(Path(ask).absolute())
    kept = drawn if models else [q for q in drawn if "a" in q]
    left_out |= {"a prompt without an answer": len(drawn) - len(kept)} if len(kept) < len(drawn) else {}
    if not kept:
        raise UserError(
            f"{ask} holds nothing that people could judge: {_reasons(left_out)}",
            "pairs of answers or single ones, as a run keeps them, of TRL, Argilla or Label Studio; or prompts, and a model that answers them",
            f"llmlab annotate {run.place} --ask {shlex.quote(ask)} --model assistant",
        )
    return kept


def _answered(run, models, drawn):
    """Pairs of answers that models give to the prompts of what was drawn; each says by a mark which weights its models had, since a name outlives a training."""
    left_out, folders = Counter(), {name: _folder(run, name) for name in models}
    told = read_json(run[TAUGHT]) if run.find(TAUGHT) else {}
    found = candidates.drawn(
        folders,
        [(q["prompt"], q["why"]) for q in drawn],
        max_new_tokens=lengths.LONGER * told.get("answer_tokens", tasks.ANSWER),
        left_out=left_out,
    )
    if not found:
        raise UserError(
            f"{', '.join(models)}: no two answers to compare in {len(drawn)} prompts: {_reasons(left_out)}",
            "models that answer differently, and end their answers",
            f"llmlab annotate {run.place} --model assistant --model runs/other:assistant",
        )
    marks = {name: provenance.fingerprint(folder, timed=False)[:6] for name, folder in folders.items()}
    return [{**q, "from": [f"{of} [{marks[of.rpartition(' at ')[0]]}]" for of in q["from"]]} for q in found]


def _reasons(left_out):
    return ", ".join(f"{reason} ({count})" for reason, count in left_out.items() if count) or "it is empty"


def _folder(run, name):
    """The folder of a model, which may be another run's, or no run's."""
    folder, (other, _, model) = Path(name).expanduser().absolute(), name.rpartition(":")
    if (folder / "config.json").exists():
        of = next((existing(above) for above in folder.parents if (above / "run.json").exists()), None)
    else:
        of = existing(Path(other).absolute()) if other else run
        folder = of[of.model(model)]
    if of is not None and of.confidential:
        raise UserError(f"the text of {of.place} is confidential", "models of text that people may read", f"llmlab annotate {run.place}")
    return folder


def place(run, file="", side_by_side=False):
    """The file of judgements: the one that is named, or annotations.jsonl beside the run's phases, arena.jsonl for several models side by side."""
    if file:
        return Path(file).absolute()
    return run.owner(BESIDE.split("/")[0]).path / arena.FILE if side_by_side else run.path / FILE


def serve(run, port, echo, file="", most=sitting.MOST, single="", models=(), side_by_side=False, ask=""):
    """The sitting as a page, until it is interrupted. Of models side by side nobody judges more than `sitting.MOST` pairs in one."""
    asked, path = questions(run, single, models, side_by_side, ask), place(run, file, side_by_side)
    named = f" --file {shlex.quote(str(path))}" if file else ""
    which = " --arena" if side_by_side else ""
    compared = side_by_side or len(models) > 1
    then = (
        f"llmlab annotate {run.place}{which} --standings{named}"
        if compared
        else f"llmlab run {run.place} -p {shlex.quote(f'annotations={path}')}"
    )
    most = min(most, sitting.MOST) if side_by_side else most
    door = doors.bound("127.0.0.1", port, f"llmlab annotate {run.place}")
    echo(f"{doors.address('127.0.0.1', door)}\nquestions:  {candidates.told(asked)}\njudgements: {path}\nthen:       {then}")
    doors.answer(judging.application(lambda annotator: sitting.Sitting(path, asked, annotator, most)), door)


def standings(run, echo, file="", side_by_side=False):
    """Says who is better, by what people judged of models side by side: those of a run, or those that `--model` named."""
    path = place(run, file, side_by_side)
    asked = jsonl(run[BESIDE]) if side_by_side else arena.asked_about(judgements.read(path)[0])
    rows, others = arena.said(path, asked)
    played = arena.games(asked, rows)
    if not played:
        more = "--arena" if side_by_side else "--model assistant --model runs/other:assistant"
        raise UserError(f"{path} compares no two models", "judgements of models side by side", f"llmlab annotate {run.place} {more}")
    for r in arena.standings(played):
        echo(f"{r['model']:12} {r['rating']:+5.0f} [{r['low']:+.0f}, {r['high']:+.0f}] points, of {r['n']} comparisons")
    for r in arena.duels(played):
        echo(f"{r['models'][0]} against {r['models'][1]}: {r['preferred']} to {r['other']}, {r['tied']} ties; {r['says']}")
    echo(f"{len(rows)} judgements in {path}" + (f", {others} of other answers" if others else ""))
    if not side_by_side:
        echo("of prompts that phase 5 chose and pairs that differ most: who is preferred there, and not how often they differ")


def export(run, kind, out, file="", side_by_side=False):
    """Writes the judgements of a run in the layout of another tool; returns how many records, and what it had no place for, in words."""
    if kind not in handover.EXPORTS:
        raise UserError(f"--to {kind}", ", ".join(handover.EXPORTS), f"llmlab annotate {run.place} --to trl FILE")
    if side_by_side and kind in handover.TAUGHT:
        raise UserError(
            f"--arena --to {kind}: lessons to train on",
            "argilla or label_studio: the arena asks the test half, which nothing may learn from",
            f"llmlab annotate {run.place} --to {kind} FILE",
        )
    said, _ = annotated.read(place(run, file, side_by_side))
    rows, left_out = handover.EXPORTS[kind](said), handover.left_out(kind, said)
    if not rows:
        raise UserError(
            f"{place(run, file, side_by_side)} holds nothing that {kind} has a place for: {_reasons(left_out)}",
            {"kto": "judgements of single answers", "trl": TWO, "hh": TWO}.get(kind, "judgements that are no gold items and no repeats"),
            f"llmlab annotate {run.place}",
        )
    if kind in handover.TAUGHT:
        write_jsonl(out, rows)
    else:
        write_text(out, json.dumps(rows, ensure_ascii=False, indent=1))
    return f"{len(rows)} records" + (f"; judgements left out: {_reasons(left_out)}" if left_out else "")
