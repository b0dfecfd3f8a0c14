"""Steps: supervised fine-tuning on conversations, then preference optimisation.

Each step starts from a path, never from a model in memory: TRL loads the reference model of a preference method from the
path in the config, and a model that was only in memory would be compared with something else.
"""

import itertools

from datasets import Dataset

from llmlab.data import dialogue, introduction, lookup, maskgate, teaching, tokens
from llmlab.models import weights
from llmlab.spine.files import jsonl
from llmlab.training import adapters, fit, optim


def sft(
    model,
    data,
    out,
    learning_rate,
    max_steps,
    batch_size,
    adapter="full",
    rank=16,
    frozen=0,
    grounding=0,
    knowledge="",
    system="",
    seed=0,
    device="auto",
    rate="sft_learning_rate",
):
    """Supervised fine-tuning (Ouyang et al. 2022): the loss counts only what the assistant says.

    Args:
        model: folder of the model to start from.
        data: JSON-lines file of conversations with `messages`.
        out: folder for the model and metrics.jsonl, and for the adapter if there is one.
        learning_rate, batch_size: 0 for those that suit this size (see `optim.suited`, `optim.together`).
        adapter: "full" trains all weights; a kind of `adapters` a correction of rank `rank`, merged at the end.
        frozen: so many of the lowest layers stay as they are.
        grounding: so many rows of the JSON-lines file `knowledge` stand beside each question, from now on (see `data.lookup`).
        system: what the model is told before each conversation, from now on; empty for what its template says by itself.

    Returns: the summary of `fit`, with how many conversations were used, how many left out and why, and the share of tokens trained on.
    """
    from trl import SFTConfig, SFTTrainer

    start, tokenizer = weights.load(model)
    equip(tokenizer, grounding, knowledge, system)
    if grounding:
        start.config.grounding = grounding
    rows, left_out = teachable(tokenizer, data, weights.window(start))
    start.config.turns_taught = max(sum(m["role"] == "user" for m in row["messages"]) for row in teaching.conversations(data))
    inside, optimizer, learning_rate = _prepared(start, out, adapter, learning_rate, "sft")
    batch_size = optim.together(batch_size, adapter, sum(p.numel() for p in start.parameters()))
    adapters.freeze(start, tokenizer, frozen, adapter)
    arguments = fit.arguments(
        inside, seed, max_steps, batch_size, learning_rate, device, sampling="group_by_length", weight_decay=0.0, fitting=(start, rows)
    )
    peft = adapters.config(adapter, rank, start, tokenizer)
    if peft is None:
        arguments |= optim.chosen(optimizer, learning_rate, 0.0)
    made_by = {k: arguments.pop(k) for k in ("optimizer_cls_and_kwargs",) if k in arguments}
    config = fit.one_device(SFTConfig(**arguments, max_length=weights.window(start)))
    trainer = SFTTrainer(
        model=start, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, peft_config=peft, **made_by
    )
    tried = maskgate.tried([len(row["input_ids"]) for row in rows])
    batch = trainer.data_collator([trainer.train_dataset[n] for n in tried])
    maskgate.collated([(rows[n]["input_ids"], rows[n]["assistant_masks"]) for n in tried], batch, batch["labels"] != -100, "conversations")
    fit.head_where_needed(trainer.model)
    trained = adapters.count(trainer.model)
    summary = fit.fit(trainer, inside, "supervised fine-tuning", rate)
    if not summary:  # not the first of several processes
        return {}
    adapters.merge(adapter, trainer.model, tokenizer, out)
    said, total = sum(sum(r["assistant_masks"]) for r in rows), sum(len(r["input_ids"]) for r in rows)
    return {
        **summary,
        "trained_parameters": trained,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "conversations": len(rows),
        "left_out": left_out,
        "respelt": teaching.respelt(tokenizer, [row["messages"] for row in teaching.conversations(data)]),
        "trained_share": round(said / total, 3),
    }


def equip(tokenizer, grounding=0, knowledge="", system=""):
    """What stands around the words of a conversation from now on: rows beside its questions, and a turn of the system before them."""
    if grounding:
        lookup.stock(tokenizer, jsonl(knowledge), grounding)
    if system:
        introduction.introduce(tokenizer, system)
    return tokenizer


def dpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.3, adapter="full", rank=16, seed=0, device="auto"):
    """Direct preference optimisation (Rafailov et al. 2023; the trainer is TRL's).

    The loss is -log σ(β · ((log π(chosen) - log π₀(chosen)) - (log π(rejected) - log π₀(rejected)))), with π₀ the model it
    starts from, so the first value is ln 2. With an adapter, π₀ is the same model without it, and costs no memory.

    Args:
        model: folder of the model to start from, which is also the reference.
        data: JSON-lines file of pairs with `prompt`, `chosen`, `rejected`.
        beta: how tightly the model stays near the reference: .1 in the paper and in TRL, and .3 here, with which every demo of the log was made: so few and so
            small steps as theirs fit into no minute.
    """
    return direct("sigmoid", model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device)


def direct(loss, model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device):
    """The step of a method that TRL's DPOTrainer has, by the name of its loss there."""
    from trl import DPOConfig, DPOTrainer

    class Trainer(DPOTrainer):
        """TRL's, on pairs that are tokens already: its own reading scores what a template puts after the end of turn as well."""

        def _prepare_dataset(self, dataset, *_):
            return dataset

    start, tokenizer = weights.load(model)
    pairs, alone = teaching.compared(data)
    dialogue.check(tokenizer, [pair["prompt"] + pair[side] for pair in pairs for side in ("chosen", "rejected")])
    rows, left_out = teaching.fitting_pairs(tokenizer, pairs, weights.window(start), "pairs")
    inside, _, learning_rate = _prepared(start, out, adapter, learning_rate, "preference")
    peft = adapters.config(adapter, rank, start, tokenizer)
    both = [{"input_ids": r["prompt_ids"] + r["chosen_ids"] + r["prompt_ids"] + r["rejected_ids"]} for r in rows]
    arguments = fit.arguments(inside, seed, max_steps, batch_size, learning_rate, device, weight_decay=0.0, fitting=(start, both))
    trainer = Trainer(
        model=start,
        ref_model=None if peft else weights.load(model)[0],
        args=fit.one_device(DPOConfig(**arguments, loss_type=loss, beta=beta, max_length=weights.window(start))),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=peft,
    )
    tried = maskgate.tried([teaching.length(row) for row in rows])
    batch = trainer.data_collator([trainer.train_dataset[n] for n in tried])
    maskgate.collated(teaching.both([rows[n] for n in tried]), batch, batch["completion_mask"], "pairs")
    fit.head_where_needed(trainer.model)
    summary = fit.fit(trainer, inside, "preference optimisation", rate="preference_learning_rate")
    if not summary:
        return {}
    adapters.merge(adapter, trainer.model, tokenizer, out)
    told = {"pairs": len(rows), "left_out": {**alone, **left_out}, "respelt": teaching.respelt_pairs(tokenizer, pairs)}
    return {**summary, "learning_rate": learning_rate, "beta": beta, **told}


def _prepared(model, out, adapter, learning_rate, stage):
    """(the folder that training uses, the optimizer, the learning rate) of a step."""
    optimizer, usual = optim.suited(stage, adapter, sum(p.numel() for p in model.parameters()))
    return adapters.place(adapter, out), optimizer, learning_rate or usual


def no_preference(model, data, out, learning_rate, max_steps, batch_size, beta=None, adapter="full", rank=16, seed=0, device="auto"):
    """The ablation: keeps the supervised model as it is."""
    start, tokenizer = weights.load(model)
    start.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    lookup.carry(tokenizer, out)
    return {"steps": 0, "seconds": 0.0, "first_loss": None, "last_loss": None}


def teachable(tokenizer, data, limit):
    """(The conversations of a file that fit into `limit` tokens, {reason: how many do not}); see `teaching`."""
    dialogue.check(tokenizer, [row["messages"] for row in teaching.conversations(data)])
    return teaching.fitting(tokenizer, teaching.conversations(data), limit, "conversations")


def margins(model, reference, pairs, beta, most=6):
    """β-scaled log-probability ratios of chosen and rejected answers, what DPO pushes apart: a row for each of the first pairs that the template takes and that fit
    into the window, as in training.

    Args:
        model, reference: (model, tokenizer) as `weights.load` gives them.
    """
    from llmlab.evaluation.asking import token_logprobs

    found, pad, limit = [], tokens.marks(model[1]).pad, weights.window(model[0])
    encoded = ((pair, teaching.encoded_pair(model[1], pair)) for pair in pairs if "chosen" in pair)
    for pair, ids in itertools.islice(((pair, ids) for pair, ids in encoded if ids and teaching.length(ids) <= limit), most):
        row = {}
        for side in ("chosen", "rejected"):
            whole, since = ids["prompt_ids"] + ids[f"{side}_ids"], len(ids["prompt_ids"])
            after, before = (token_logprobs(m, [whole], pad, [since])[0].sum().item() for m in (model[0], reference[0]))
            row |= {side: pair[side][0]["content"], f"reward of {side}": beta * (after - before)}
        found.append(row)
    return found
