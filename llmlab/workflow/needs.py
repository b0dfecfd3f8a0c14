"""What a run needs of what others bring in, known before any kernel starts: a judge that is a model, rows to look up, layers that an adapter knows."""

import tempfile
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl

ADAPTED = ("3_pretraining", "5_post_training", "6_fine_tuning")  # phases in which an adapter may be trained


def judging(heads):
    """A model that judges a task comes in by the door of all models."""
    from llmlab.data import tasks
    from llmlab.models import adopt

    for head in heads:
        if head["metric"].startswith(tasks.JUDGE):
            try:
                adopt.check(head["metric"].removeprefix(tasks.JUDGE))
            except UserError as error:
                fix = "$EDITOR tasks.yaml" if error.fix.startswith("llmlab run") else error.fix
                raise UserError(error.wrong.replace("start_from", f"task {head['name']}: judge"), error.instead, fix) from None


def stocked(plan, made=None):
    """Where rows are to stand beside questions there are rows. made: as for `preflight.comparable`."""
    count = plan["5_post_training"]["grounding"]
    if count and not (jsonl(made / "knowledge" / "rows.jsonl") if made else _known(plan["2_dataset_engineering"])):
        raise UserError(
            f"grounding = {count}, and there is no knowledge base",
            "rows of title and text that answers may look up, in files that knowledge names or in the material's knowledge.jsonl",
            "llmlab run RUN -p 'knowledge=[FILE]'   (or -p grounding=0)",
        )


def _known(taken):
    """The rows to look up that a run with these parameters of phase 2 will have, as guests."""
    from llmlab.data import corpus, material

    with tempfile.TemporaryDirectory() as folder:
        given = material.opened(taken["source"], corpus.local(taken["source"]), Path(folder) / "material", taken["seed"], 50)
        return material.part(given, "knowledge.jsonl", taken["knowledge"])


def adapted(plan):
    """A kind of adapter that knows other layers than an adopted model has is refused before anything is trained."""
    start, used = plan["1_model_design"]["start_from"], {plan[phase]["adapter"] for phase in ADAPTED}
    if not start or used <= {"full", "lora", "dora", "rslora"}:  # which know any layer, and need no look
        return
    from llmlab.models import adopt
    from llmlab.training import adapters

    if (model := adopt.blueprint(start)) is not None:
        for kind in sorted(used - {adapters.FULL, *adapters.LORA}):
            adapters.matrices(kind, model)
