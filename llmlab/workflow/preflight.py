"""What can be known to fail before any kernel starts: sizes that do not fit together, data that is not there, a missing GPU."""

import os
from pathlib import Path

from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import ROOT, closest, near
from llmlab.spine.run import MODELS
from llmlab.workflow import needs

ALONE = ("llmlab.training.methods.kto", "llmlab.training.posttrain.no_preference")  # methods that need no two answers to a prompt


def check(phase, params, before=None):
    """Raises UserError for parameters of a phase that cannot work; cheap, and without torch unless a GPU is asked for, or a model is adopted.

    Args:
        before: parameters that the phase was done with, if it was.
    """
    if "device" in params:
        device(params)
    if phase == "1_model_design":
        design(params, before or {})
    if "source" in params:
        from llmlab.data import corpus

        corpus.check(params)
    if params.get("general"):
        from llmlab.data import corpus

        corpus.check(params, "general", 4)  # the fewest of which one is held out
    elif params.get("replay"):
        raise UserError(
            f"replay = {params['replay']:g}, and general names no text",
            "text of another kind, of which this share of the training blocks is made",
            "llmlab run RUN -p general=FOLDER   (or -p replay=0)",
        )
    if phase == "5_post_training":
        for parameter, path in (("preference", params["preference"]), *(("rival_methods", path) for path in params["rival_methods"])):
            needs.method(parameter, path, params["beta"])
        if params["annotations"]:
            from llmlab.data import feedback

            feedback.preferences(params["annotations"], None)
    if phase == "2_dataset_engineering":
        from llmlab.data import corpus, lessons, material
        from llmlab.evaluation import manner

        needs.judging(lessons.check(params))
        manner.of(material.described(corpus.local(params["source"]), params["word_lists"]))
    if phase == "7_final_evaluation":
        from llmlab.evaluation import gate

        gate.check(params["criteria"], None)
        judge(params["judge"])


def _names(plan):
    """Looks at what the material and the files name, if anybody named a task, a topic or a criterion: a mistyped one would be passed over. Returns sentences on
    what the material asks for and this run will not measure."""
    from llmlab.data import corpus, lessons, material
    from llmlab.evaluation import gate

    taken, tuned, final = plan["2_dataset_engineering"], plan["6_fine_tuning"], plan["7_final_evaluation"]
    about = material.described(corpus.local(taken["source"]), taken["word_lists"])  # of a maker nothing is known yet
    named = [params["task"] for params in (tuned, final) if params["task"]]
    criteria = [*about["criteria"], *final["criteria"]]
    if not (named or tuned["topics"] or criteria or about["task"] or taken["tasks"]):
        return []
    heads, able, topics, about = lessons.names(taken)
    tasks = list(heads)
    for name in (*named, *([about["task"]] if about["task"] and not taken["tasks"] else [])):
        known("task", name, tasks)
        if name not in able:
            raise UserError(
                f"task: {name!r} is asked at the end alone, or more of it is no better",
                f"one to decide by: {', '.join(able)}",
                f"llmlab run RUN -p task={able[0]}",
            )
    for topic in tuned["topics"]:
        known("topics", topic, topics)
    gate.check(final["criteria"], tasks)
    made = not plan["1_model_design"]["start_from"], bool(plan["3_pretraining"]["general"])
    gate.check_measured(final["criteria"], heads, *made)
    whose = "criteria of material.yaml"  # which speaks of the tasks that it brings
    gate.check(about["criteria"], None if taken["tasks"] else tasks, whose)
    if final["criteria"]:
        return []
    gate.check_measured(about["criteria"], heads, *made, whose)
    return _unasked(gate.missing(about["criteria"], heads))


def _unasked(lines):
    """Criteria that the material has and that no task of this run can meet: nobody should learn it from the verdict."""
    if not lines:
        return []
    some = "; ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
    how = "the verdict will be HOLD, unless `criteria` says what is asked instead, or `tasks` brings them along (source, beside others)"
    return [f"7_final_evaluation: the material asks for {some}, and this run has no task of that name: {how}"]


def asked(run, criteria):
    """After phase 2, when the tasks are there: a criterion is about one of them. What is derived from a text is not known before it is read."""
    from llmlab.evaluation import gate

    names = list(gate.heads(run["2_dataset_engineering/tasks"]))
    for line in gate.missing(criteria, names):
        raise UserError(
            f"criteria: {line!r}, and no such task could be made of this text",
            near(gate.parsed(line).task, (*names, *gate.KNOWN)),
            "llmlab run RUN -p 'criteria=[TASK >= 0.9]'   (or -p criteria=[] for those of the source)",
        )


def known(parameter, name, names):
    """A name that is mistyped would otherwise be taken for one that this source lacks, and be passed over."""
    if name not in names:
        better = (closest(name, names) or names)[0]
        value = f"[{better}]" if parameter == "topics" else better
        raise UserError(f"{parameter}: there is no {name!r}", near(name, names), f"llmlab run RUN -p {parameter}={value}")


def design(params, before):
    """Widths, heads and positions fit together; a model that is adopted is there. One of the hub that came in before need not be in reach any more."""
    from llmlab.models import adopt

    if params["start_from"].startswith("hub:") and params["start_from"] == before.get("start_from"):
        return
    if params["start_from"]:
        return adopt.check(params["start_from"], params["trust_tokenizer"])
    if params["tokens_seen"] == 0:
        raise _nothing_learnt()
    width, heads = params["hidden_size"], params["num_attention_heads"]
    if width % heads:
        near = [w for w in range(max(heads, width - heads), width + heads + 1) if w % heads == 0]
        raise UserError(
            f"hidden_size = {width} is not a multiple of num_attention_heads = {heads}",
            f"multiples near it: {near}",
            f"llmlab run RUN -p hidden_size={near[-1]}",
        )
    if params["family"] in ("transformer", "moe") and (width // heads) % 2:
        raise UserError(
            f"each head would be {width // heads} wide",
            "an even number, since positions are rotated in pairs",
            f"llmlab run RUN -p hidden_size={2 * heads * max(1, width // (2 * heads))}",
        )


def _nothing_learnt():
    return UserError(
        "tokens_seen = 0 passes an adopted model on, and nothing is adopted",
        "random weights know nothing",
        "llmlab run RUN -p start_from=FOLDER   (or -p tokens_seen=-1)",
    )


def together(plan):
    """What no phase can know alone: a student has no more layers than its teacher, and not all of them can stay as they are; a task, a topic or a
    criterion that is named is there. Returns sentences on what the material asks for and the run will not measure."""
    told = _names(plan)
    design, trained = plan["1_model_design"], plan["3_pretraining"]
    _layers(design, plan["5_post_training"], plan["6_fine_tuning"])
    needs.adapted(plan)
    if not design["start_from"] and trained["tokens_seen"] == 0:
        raise _nothing_learnt()
    _replayed(design, trained)
    return told


def used_to(plan):
    """Sentences on what an adopted model was used to and will not be shown. Raises UserError for a system turn that it has no place for."""
    from llmlab.models import adopt

    return adopt.told_before(plan["1_model_design"]["start_from"], *(plan["5_post_training"][name] for name in ("grounding", "system")))


LONG = ("3_pretraining", "5_post_training")  # phases that train for as long as they are told


def takes(plan):
    """{phase: how long an adopted model is trained on this machine, in a sentence}; {} for random weights, whose time phase 1 plans."""
    if not plan["1_model_design"]["start_from"]:
        return {}
    from llmlab.training import forecast

    return forecast.adopted(plan)


def _replayed(design, trained):
    """General text is mixed in only where something is trained."""
    tokens = trained["tokens_seen"] if trained["tokens_seen"] >= 0 else design["tokens_seen"]
    if trained["replay"] and tokens == 0:
        raise UserError(
            f"replay = {trained['replay']:g}, and tokens_seen = 0: the adopted model is passed on as it is",
            "nothing is mixed in where nothing is trained",
            "llmlab run RUN -p replay=0   (or -p tokens_seen=-1)",
        )


def comparable(plan, made=None):
    """A method that compares two answers has two: seen before supervision, and not after it.

    Args:
        made: the folder of phase 2, if it was made with this plan: what it left is what will be learnt from, and what it read may be out of reach by now.
    """
    from llmlab.data import feedback, lessons, teaching

    taken, post = plan["2_dataset_engineering"], plan["5_post_training"]
    named = {"preference": [post["preference"]], "rival_methods": post["rival_methods"]}
    if post["annotations"]:
        rows = feedback.preferences(post["annotations"], None)[0]
    else:
        rows = jsonl(made / "preferences" / "train.jsonl") if made else lessons.rated_preferences(taken)
    for parameter, paths in named.items():
        if rows and [path for path, _ in map(dotted.parsed, paths) if path.startswith("llmlab.") and path not in ALONE]:
            teaching.two_answers([row for row in rows if "completion" not in row], len(rows), parameter)


def _layers(design, post, tuned):
    """A student that is made keeps no more layers than there are, and some of the teacher's are taught."""
    from llmlab.models import adopt

    frozen, kept = post["frozen_layers"], tuned["student_layers"] if tuned["distill_steps"] else 0
    if frozen and post["adapter"] != "full":
        raise UserError(f"frozen_layers = {frozen}", "an adapter leaves all weights as they are", "llmlab run RUN -p frozen_layers=0")
    depth = _depth(design) if frozen or kept else None
    if depth and kept > depth:
        raise UserError(
            f"student_layers = {kept}", f"the teacher has {depth} layers", f"llmlab run RUN -p student_layers={max(1, 2 * depth // 3)}"
        )
    if depth and frozen >= depth:
        raise UserError(f"frozen_layers = {frozen}", f"the model has {depth} layers", f"llmlab run RUN -p frozen_layers={depth // 2}")
    if frozen and design["start_from"] and adopt.templateless(design["start_from"]):
        raise UserError(
            f"frozen_layers = {frozen}, and the model has no chat template: the marks of ours have to be learnt",
            "all layers, or an adapter",
            "llmlab run RUN -p frozen_layers=0",
        )


def _depth(design):
    from llmlab.models import adopt

    return adopt.depth(design["start_from"]) if design["start_from"] else design["num_hidden_layers"]


def judge(name):
    """A model that judges is one of the run's, or one that could be adopted and has a chat template to be asked by."""
    place, fix = ROOT / Path(name).expanduser(), "llmlab run RUN -p judge="
    if not name or name in MODELS or (place / "decode.onnx").exists():
        return
    if not (place / "config.json").exists():
        raise UserError(f"judge = {name!r}: there is no model", near(name, MODELS) + "; or the folder of a model", fix)
    from llmlab.models import adopt

    needs.comes_in(str(place), "judge", fix)
    if adopt.templateless(str(place)):
        raise UserError(f"judge = {name!r} has no chat template", "a model that was taught to answer", fix)


def device(params):
    """Refuses a GPU that is not there, or more processes than the machine has cores."""
    if params.get("device") == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError(
                "device = 'cuda', but torch sees no GPU",
                f"this machine has {os.cpu_count()} processor cores (device = 'cpu')",
                "llmlab run RUN -p device=cpu",
            )
    if params.get("device") != "cuda" and params.get("devices", 1) > (os.cpu_count() or 1):
        raise UserError(f"devices = {params['devices']}", f"{os.cpu_count()} cores", "llmlab run RUN -p devices=1")
