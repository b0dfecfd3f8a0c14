"""What a run needs of what others bring in, known before any kernel starts: a judge that is a model, rows to look up, layers that an adapter knows, a method that can be called."""

import tempfile
from pathlib import Path

from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import closest, near

# What a preference method is called with.
STEP = {"model", "data", "out", "learning_rate", "max_steps", "batch_size", "beta", "adapter", "rank", "seed", "device"}
GIVEN = {"model", "data", "out", "seed", "device"}  # of these, what no text in brackets may say
ADAPTED = ("3_pretraining", "5_post_training", "6_fine_tuning")  # phases in which an adapter may be trained


def judging(heads):
    """A model that judges a task comes in by the door of all models."""
    from llmlab.data import tasks

    for head in heads:
        if head["metric"].startswith(tasks.JUDGE):
            comes_in(head["metric"].removeprefix(tasks.JUDGE), f"task {head['name']}: judge", "$EDITOR tasks.yaml")


def comes_in(model, called, fix):
    """A model that judges could be adopted; `called` is the parameter that names it, `fix` what to do if it cannot."""
    from llmlab.models import adopt

    try:
        adopt.check(model)
    except UserError as error:
        raise UserError(
            error.wrong.replace("start_from", called), error.instead, fix if error.fix.startswith("llmlab run") else error.fix
        ) from None


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

    if adopt.templateless(start):
        raise UserError(
            f"adapter = {min(used - {'full', 'lora', 'dora', 'rslora'})!r}, and the model has no chat template: the marks of ours have to be learnt",
            "full, lora, dora, rslora",
            "llmlab run RUN -p adapter=lora",
        )
    if (model := adopt.blueprint(start)) is not None:
        for kind in sorted(used - {adapters.FULL, *adapters.LORA}):
            adapters.matrices(kind, model)


def method(parameter, text, beta=0.0):
    """A step that is chosen by its dotted path exists and can be called as one, with what stands in brackets behind it; its file is read, not imported."""
    path, own = dotted.parsed(text)
    module, _, name = path.rpartition(".")
    found = dotted.read(path)
    if found is None:
        raise UserError(
            f"{parameter} = {path!r}: there is no module {module!r}",
            "a dotted path such as llmlab.training.posttrain.dpo, or my_file.my_method with my_file.py in the project's root",
            f"llmlab run RUN -p {parameter}=llmlab.training.posttrain.dpo",
        )
    functions, bound = found
    if name in bound - set(functions):
        return  # made or imported there: what it takes shows when it is called
    if name not in functions:
        better = closest(name, functions)
        raise UserError(
            f"{parameter}: {module} has no function {name!r}",
            near(name, functions) if functions else "a dotted path such as llmlab.training.posttrain.dpo",
            f"llmlab run RUN -p {parameter}=" + (f"{module}.{better[0]}" if better else "llmlab.training.posttrain.dpo"),
        )
    taken = {a.arg for a in (*functions[name].args, *functions[name].kwonlyargs)}
    if functions[name].kwarg is None and not STEP <= taken:
        raise UserError(
            f"{parameter}: {path} takes no {', '.join(sorted(STEP - taken))}",
            "a step with the arguments of llmlab.training.posttrain.dpo",
            f"llmlab run RUN -p {parameter}=llmlab.training.posttrain.dpo",
        )
    if not beta and "beta" in _required(functions[name]) - set(own):
        raise UserError(
            f"{parameter}: {name} needs beta, which has no default there",
            "a default in the function, or a number here",
            f"llmlab run RUN -p {parameter}={path} -p beta=0.1",
        )
    if functions[name].kwarg is None and (unknown := sorted(set(own) - taken)):
        raise UserError(
            f"{parameter}: {name} takes no {unknown[0]!r}", near(unknown[0], sorted(taken - GIVEN)), f"llmlab run RUN -p {parameter}={path}"
        )
    if ours := sorted(set(own) & (GIVEN | ({"max_steps"} if parameter == "rival_methods" else set()))):
        raise UserError(
            f"{parameter}: {ours[0]} is the run's to say", near(ours[0], sorted(taken - GIVEN)), f"llmlab run RUN -p {parameter}={path}"
        )


def _required(args):
    """The arguments of a function that have no default."""
    named = [a.arg for a in args.args]
    return {*named[: len(named) - len(args.defaults)], *(a.arg for a, d in zip(args.kwonlyargs, args.kw_defaults) if d is None)}
