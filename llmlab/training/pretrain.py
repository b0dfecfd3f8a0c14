"""Step: next-token training, from random weights or from those of an adopted model."""

import math
import os
import shutil
from pathlib import Path

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments, default_data_collator, set_seed

from llmlab.data import dialogue, tokens
from llmlab.evaluation import asking
from llmlab.models import weights
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.sealed import withheld
from llmlab.training import adapters, checkpoints, fit, optim

SMALL = 10_000_000  # parameters, up to which keeping the weights now and then costs little
MOST = 8  # times that weights are kept, at most


def pretrain(
    config,
    tokenizer,
    data,
    out,
    tokens_seen,
    batch_size,
    learning_rate,
    optimizer="suited",
    adapter="full",
    rank=16,
    general="",
    replay=0.0,
    seed=0,
    evaluations=6,
    keep_weights="none",
    progress="",
    prompts=(),
    device="auto",
    rate="learning_rate",
):
    """Trains a model to predict the next token of packed blocks, from random weights or from those of an adopted model.

    Warm-up, a stable learning rate, then decay over the last 40 % (Hu et al. 2024). Validation text is scored on the way, and
    the model writes samples while it learns.

    Args:
        config: folder with a config.json, and with weights if the model was adopted.
        tokenizer, data: folders that `tokens` wrote.
        out: folder for the model, metrics.jsonl and samples.
        tokens_seen: training tokens, repeats included; 0 passes an adopted model on as it is.
        batch_size: blocks per step and device.
        learning_rate: 0 for the one that suits this size (see `optim.suited`).
        optimizer: "muon", "adamw", or "suited" to the size.
        general: JSON-lines file of documents of another kind, of which the share `replay` of all blocks is made, against forgetting
            (Ibrahim et al. 2024).
        keep_weights: whether those at the evaluations are kept, MOST of them at most: "all", "none", or of "small" models (see SMALL). An adapter's are not.
        progress: folder for them, seen from `out`; what is made of the model does not depend on them, so they lie beside it.
        prompts: beginnings that the model completes at every evaluation.
        rate: the notebook's name for the learning rate, for the error of a training that diverges.

    Returns: the summary of `fit`, with "bits_per_byte" on validation, "expected_first_loss" (ln V, of random weights) and "replayed", the share of it.
    """
    tokenizer = tokens.load(tokenizer)
    model = weights.begun(config, len(tokenizer), seed)
    inside = adapters.place(adapter, out)
    kept = _kept(keep_weights, progress, out, adapter, model, inside)
    if not tokens_seen:
        return _passed_on(model, tokenizer, data, out, prompts)
    blocks, replayed = _blocks(data, tokenizer, general, replay, seed, batch_size)
    usual, rate_suited = optim.suited("pretrain", adapter, sum(p.numel() for p in model.parameters()))
    at_once = batch_size * int(os.environ.get("WORLD_SIZE", 1)) * len(blocks[0])
    steps, learning_rate = max(1, math.ceil(tokens_seen / at_once)), learning_rate or rate_suited
    how = {"fitting": (model, [{"input_ids": blocks[0]}]), "weight_decay": 0.1, "include_num_input_tokens_seen": "all"}
    arguments = fit.arguments(inside, seed, steps, batch_size, learning_rate, device, **how)
    by = optim.chosen(usual if optimizer == "suited" else optimizer, learning_rate)
    trainer = _trainer(model, tokenizer, blocks, arguments, by, adapters.config(adapter, rank, model, tokenizer))
    watch = Watch(inside, tokenizer, tokens.some_validation(data), max(1, steps // evaluations), prompts)
    watch.progress, watch.stride = kept, math.ceil(evaluations / MOST)
    if weights.trained(config) and trainer.is_world_process_zero():
        watch.begin(trainer.model)
    trainer.add_callback(watch)
    summary = fit.fit(trainer, inside, "pre-training", rate)
    if not summary:  # not the first of several processes
        return {}
    final = watch.validate(trainer.model, steps)
    adapters.merge(adapter, trainer.model, tokenizer, out)
    return {
        **summary,
        "planned": tokens_seen,
        "learning_rate": learning_rate,
        "bits_per_byte": final,
        "expected_first_loss": math.log(model.config.vocab_size),
        "replayed": replayed,
    }


def _trainer(model, tokenizer, blocks, arguments, optimizer, adapter):
    """A Trainer on blocks whose labels are themselves; an adapter is trained by AdamW."""
    from datasets import Dataset

    if adapter is not None:
        from peft import get_peft_model

        set_seed(arguments["seed"])  # the adapter begins with random numbers
        model, optimizer = get_peft_model(model, adapter), {}
    return Trainer(
        model=model,
        args=fit.one_device(TrainingArguments(**arguments)),
        data_collator=default_data_collator,
        processing_class=tokenizer,
        train_dataset=Dataset.from_dict({"input_ids": blocks, "labels": blocks}),
        **optimizer,
    )


def _kept(wanted, progress, out, adapter, model, inside):
    """Folder for the weights of the way, emptied where a training begins anew; None if none are to be kept."""
    folder = Path(os.path.normpath(Path(out) / progress))
    if progress and int(os.environ.get("RANK", 0)) == 0 and not any((inside / "checkpoints").glob("checkpoint-*")):
        shutil.rmtree(folder, ignore_errors=True)
    small = sum(p.numel() for p in model.parameters()) <= SMALL
    if not progress or adapter != adapters.FULL or not (wanted == "all" or (wanted == "small" and small)):
        return None
    checkpoints.room(Path(out).parent, (MOST + 1) * sum(p.numel() * p.element_size() for p in model.parameters()))
    return folder


def _passed_on(model, tokenizer, data, out, prompts):
    """An adopted model as it came, scored once."""
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    final = Watch(Path(out), tokenizer, tokens.some_validation(data), 1, prompts).validate(model, 0)
    nothing = dict(planned=0, steps=0, seconds=0.0, first_loss=None, last_loss=None, tokens=0, tokens_per_second=None, learning_rate=0.0)
    return {**nothing, "bits_per_byte": final, "expected_first_loss": math.log(model.config.vocab_size), "replayed": 0.0}


def _blocks(data, tokenizer, general, replay, seed, batch_size):
    """(the blocks to train on, those of general text among them; the share of the latter, which is less than `replay` where there are too few)."""
    blocks = tokens.read(data, "train")["input_ids"]
    if len(blocks) < batch_size:
        raise UserError(
            f"{len(blocks)} blocks of training text",
            f"one step needs {batch_size}",
            "llmlab run RUN -p 1_model_design.batch_size=1   (or more text)",
        )
    if not replay:
        return blocks, 0.0
    rows = tokens.tokenise(tokenizer, jsonl(general) if general else [])
    other, _ = tokens.pack([r["input_ids"] for r in rows], len(blocks[0]), seed, tokens.marks(tokenizer))
    if not other:
        raise UserError(
            f"replay = {replay:g}, and no block of general text to take it from",
            f"general text of {len(blocks[0])} tokens or more",
            "llmlab run RUN -p general=FOLDER   (or -p replay=0)",
        )
    other = other[: round(len(blocks) * replay / (1 - replay))]
    return blocks + other, len(other) / (len(blocks) + len(other))


class Watch(TrainerCallback):
    """Scores validation text and writes samples, now and then while the model learns; and keeps its weights, where it is told to."""

    progress, stride = None, 1

    def __init__(self, out, tokenizer, validation, every, prompts):
        self.out, self.tokenizer, self.rows, self.every, self.prompts = out, tokenizer, validation, every, list(prompts)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        left = args.max_steps - state.global_step  # the end is scored anyway
        if state.global_step % self.every == 0 and left > self.every // 2 and state.is_world_process_zero:
            self.validate(model, state.global_step)
            self.save(model, state.global_step)

    def begin(self, model):
        """What an adopted model knew before, scored once."""
        self.save(model, 0)
        if not any(row.get("step") == 0 for row in track.rows(self.out)):
            self.validate(model, 0)

    def save(self, model, step):
        """Keeps the weights of now, at each `stride`th evaluation: a kill before the next checkpoint writes them again, since its training goes on from the one
        before."""
        if self.progress and step // self.every % self.stride == 0:
            for part in (model, self.tokenizer):
                part.save_pretrained(str(self.progress / f"step-{step:07d}"))

    def validate(self, model, step):
        """Bits per byte by source; the row and the samples are appended to metrics.jsonl."""
        training = model.training
        model.eval()
        scores = asking.bits_per_byte(model, self.rows, tokens.marks(self.tokenizer))
        samples = asking.complete(model, self.tokenizer, self.prompts, max_new_tokens=40) if self.prompts else []
        model.train(training)
        track.log(
            self.out, step=step, samples=[withheld(s) for s in samples], **{f"bits_per_byte/{k}": round(v, 4) for k, v in scores.items()}
        )
        return scores


def surprise(model, tokenizer, messages):
    """Loss in nats of every token that the assistant says in a conversation, None for the others, (T,)."""
    ids, mask = dialogue.ids(tokenizer, messages)
    return [value if said else None for value, said in zip([None, *per_token_loss(model, ids).tolist()], mask)]


def per_token_loss(model, ids):
    """Loss in nats of every token but the first, (T - 1,): what "one batch, up close" shows before and after."""
    x = torch.tensor([ids])
    with torch.no_grad():
        logits_BxTxV = model(input_ids=x).logits
    return torch.nn.functional.cross_entropy(logits_BxTxV[0, :-1].float(), x[0, 1:], reduction="none")
