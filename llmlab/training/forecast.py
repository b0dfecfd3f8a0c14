"""What training will take on this machine, in words, before it begins: from the operations of a step and from what the probe measured."""

from llmlab.models import adopt, cost, design, weights
from llmlab.training import optim

SAID = 0.2  # share of a conversation that the assistant says, as a rule: the rest never meets the head


def reading(model, context_length, tokens, adapter="full"):
    """What pre-training will take, in a sentence. model: folder of its configuration; the other arguments as `pretrain` takes them."""
    if not tokens:
        return "No token is read: the model is passed on as it is."
    seconds = design.predicted_seconds(weights.read_config(model), context_length, tokens, design.probe(), adapter)
    return f"{tokens:,} tokens are to be read: {duration(seconds)} on this machine."


def lessons(model, rows, steps, batch_size, adapter="full", frozen=0):
    """What supervised fine-tuning will take, in a sentence.

    Args:
        model: folder of the model that is taught.
        rows: some of the conversations, {"input_ids", "assistant_masks"}; the others are taken to be as long.
        steps, batch_size, adapter, frozen: as `posttrain.sft` takes them.
    """
    config, read = weights.read_config(model), sum(len(row["input_ids"]) for row in rows)
    together = optim.together(batch_size, adapter, cost.parameters(config)["total"])
    tokens = steps * together * read / len(rows)
    said = sum(sum(row["assistant_masks"]) for row in rows) / read
    seconds = design.predicted_seconds(config, round(read / len(rows)), tokens, design.probe(), adapter, frozen, said)
    return f"{steps:,} steps of {together} conversations are some {tokens:,.0f} tokens: {duration(seconds)} on this machine."


def adopted(plan):
    """{phase: what training an adopted model will take, in a sentence}, as far as its configuration can be read and something is trained.

    Args:
        plan: {phase: parameters} of a run.
    """
    designed, read, taught = (plan[phase] for phase in ("1_model_design", "3_pretraining", "5_post_training"))
    config = adopt.configuration(designed["start_from"])
    if config is None:
        return {}
    machine, context, found = design.probe(), designed["context_length"], {}
    tokens = read["tokens_seen"] if read["tokens_seen"] >= 0 else designed["tokens_seen"]
    if tokens > 0:
        seconds = design.predicted_seconds(config, context, tokens, machine, read["adapter"])
        found["3_pretraining"] = f"{tokens:,} tokens take {duration(seconds)} on this machine; tokens_seen = 0 passes the model on as it is"
    together = optim.together(taught["sft_batch_size"], taught["adapter"], cost.parameters(config)["total"])
    how = taught["adapter"], taught["frozen_layers"]
    seconds = design.predicted_seconds(config, context, 100 * together * taught["sft_steps"], machine, *how, SAID)
    found["5_post_training"] = (
        f"{taught['sft_steps']:,} steps of {together} conversations take {duration(seconds)} for each hundred tokens that a conversation has"
    )
    return found


def duration(seconds):
    """A time as a person says it."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"
