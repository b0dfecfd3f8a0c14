"""`llmlab export`: the released model of a run with its card and its results, as one folder that the Hugging Face hub takes as it is."""

import os
import shutil
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.files import write_text
from llmlab.spine.run import MODELS
from llmlab.workflow import road

JUDGED = "7_final_evaluation"


def bundle(run, folder):
    """Writes `folder`: the model's files, README.md (the model card), results.json and verdict.json. It is there whole or not at all.

    Raises UserError if the run was not judged yet, if its text is confidential, or if the folder holds something.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder.name} is there already", "the name of a new folder, or of an empty one", f"llmlab export {run.place} {folder.name}-2"
        )
    stale = [phase for phase, reasons in road.status(str(run.path))[0].items() if reasons]
    if stale:  # a card speaks of the model that was judged
        raise UserError(
            f"{run.place} is not finished: {', '.join(stale)}",
            "a run whose phases are all up to date, the last one too",
            f"llmlab run {run.place}",
        )
    if run.confidential:
        raise UserError(
            f"the text of {run.place} is confidential", "a run of text that may be shown", "a model can give back what it has read"
        )
    new = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(run[MODELS["released"]], new, ignore=shutil.ignore_patterns("checkpoints", "metrics.jsonl", ".*", "training_args.bin"))
    for name, source in (("README.md", "model_card.md"), ("results.json", "results.json"), ("verdict.json", "verdict.json")):
        write_text(new / name, run[f"{JUDGED}/{source}"].read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)
    return sorted(p.name for p in folder.iterdir())
