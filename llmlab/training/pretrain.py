"""Step: next-token training of a model from random weights."""

import math
import os
from pathlib import Path

import torch
from transformers import AutoConfig, Trainer, TrainerCallback, TrainingArguments, default_data_collator

from llmlab.data import tokens
from llmlab.evaluation import evaluate
from llmlab.models import families
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.sealed import withheld
from llmlab.training import fit, optim


def pretrain(
    config,
    tokenizer,
    data,
    out,
    tokens_seen,
    batch_size,
    learning_rate,
    optimizer="muon",
    seed=0,
    evaluations=6,
    prompts=(),
    device="auto",
    rate="learning_rate",
):
    """Trains a model to predict the next token of packed blocks.

    Warm-up, a stable learning rate, then decay over the last 40 % (Hu et al. 2024). Validation text is scored on the way, and
    the model writes samples while it learns.

    Args:
        config: folder with a config.json.
        tokenizer, data: folders that `tokens` wrote.
        out: folder for the model, metrics.jsonl and samples.
        tokens_seen: training tokens, repeats included; 0 for one pass over the data.
        batch_size: blocks per step and device.
        prompts: beginnings that the model completes at every evaluation.
        rate: the notebook's name for the learning rate, for the error of a training that diverges.

    Returns: the summary of `fit`, with "bits_per_byte" on validation and "expected_first_loss" (ln V).
    """
    from datasets import Dataset

    configuration, tokenizer = AutoConfig.from_pretrained(config, trust_remote_code=False), tokens.load(tokenizer)
    blocks = tokens.read(data, "train")["input_ids"]
    if len(blocks) < batch_size:
        raise UserError(
            f"{len(blocks)} blocks of training text",
            f"one step needs {batch_size}",
            "llmlab run RUN -p 1_model_design.batch_size=1   (or more text)",
        )
    at_once = batch_size * int(os.environ.get("WORLD_SIZE", 1)) * len(blocks[0])
    steps = max(1, math.ceil((tokens_seen or len(blocks) * len(blocks[0])) / at_once))
    configuration.vocab_size = max(configuration.vocab_size, len(tokenizer))
    model = families.initialise(configuration, seed)
    arguments = fit.arguments(out, seed, steps, batch_size, learning_rate, device, weight_decay=0.1, include_num_input_tokens_seen="all")
    trainer = Trainer(
        model=model,
        args=fit.one_device(TrainingArguments(**arguments)),
        data_collator=default_data_collator,
        processing_class=tokenizer,
        train_dataset=Dataset.from_dict({"input_ids": blocks, "labels": blocks}),
        **optim.chosen(optimizer, learning_rate),
    )
    watch = Watch(Path(out), tokenizer, tokens.some_validation(data), max(1, steps // evaluations), prompts)
    trainer.add_callback(watch)
    summary = fit.fit(trainer, out, "pre-training", rate)
    if not summary:  # not the first of several processes
        return {}
    final = watch.validate(trainer.model, steps)
    return {**summary, "bits_per_byte": final, "expected_first_loss": math.log(configuration.vocab_size)}


class Watch(TrainerCallback):
    """Scores validation text and writes samples, now and then while the model learns."""

    def __init__(self, out, tokenizer, validation, every, prompts):
        self.out, self.tokenizer, self.rows, self.every, self.prompts = out, tokenizer, validation, every, list(prompts)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        left = args.max_steps - state.global_step  # the end is scored anyway
        if state.global_step % self.every == 0 and left > self.every // 2 and state.is_world_process_zero:
            self.validate(model, state.global_step)

    def validate(self, model, step):
        """Bits per byte by source; the row and the samples are appended to metrics.jsonl."""
        training = model.training
        model.eval()
        scores = evaluate.bits_per_byte(model, self.rows)
        samples = evaluate.complete(model, self.tokenizer, self.prompts, max_new_tokens=40) if self.prompts else []
        model.train(training)
        track.log(
            self.out, step=step, samples=[withheld(s) for s in samples], **{f"bits_per_byte/{k}": round(v, 4) for k, v in scores.items()}
        )
        return scores


def per_token_loss(model, ids):
    """Loss in nats of every token but the first, (T - 1,): what "one batch, up close" shows before and after."""
    x = torch.tensor([ids])
    with torch.no_grad():
        logits_BxTxV = model(input_ids=x).logits
    return torch.nn.functional.cross_entropy(logits_BxTxV[0, :-1].float(), x[0, 1:], reduction="none")
