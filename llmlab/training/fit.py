"""One training run with a Hugging Face Trainer: arguments, guards, exact resume, metrics.

Every step that trains (pretrain, sft, dpo, lora, distill) ends in `fit`, so that checkpoints, NaN, a full disk and the
progress bar behave alike in all of them.
"""

import contextlib
import math
import shutil
import time
import warnings
from pathlib import Path

import datasets
import torch
from transformers import PrinterCallback, TrainerCallback

from llmlab.data import lookup
from llmlab.models import cost, weights
from llmlab.spine import machine, track
from llmlab.spine.errors import Diverged, UserError
from llmlab.spine.files import write_jsonl
from llmlab.training import checkpoints, curves

datasets.disable_progress_bars()  # ours is the only one
warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # about calls that TRL makes


def device_arguments(device="auto"):
    """TrainingArguments that depend on the machine: where to run, and bf16 on a GPU that has it.

    A processor always computes in fp32. Some emulate bf16 a hundred times slower and some are twice as fast with it; choosing by
    a measurement made two runs of the same parameters differ when the measurement was close.
    """
    cuda = device != "cpu" and torch.cuda.is_available()
    return dict(
        use_cpu=not cuda, bf16=cuda and torch.cuda.is_bf16_supported(), dataloader_pin_memory=cuda, ddp_find_unused_parameters=False
    )


def head_where_needed(model):
    """Has TRL send only positions with a loss through the vocabulary's head, on a processor too.

    Elsewhere than on Triton devices it scores all of them, so that shapes stay the same for a compiler; nothing is compiled here, and with
    49,152 tokens the head would be most of a step.
    """
    from trl.trainer import utils

    utils._use_triton = lambda device: True
    head = model.get_output_embeddings()
    if not hasattr(head, "bias"):  # peft's wrapper around a head whose matrix is the embeddings'; TRL asks for it
        head.bias = None


def shares(batch_size, model, rows):
    """In how many parts a batch goes through the model, so that what the backward pass needs fits into a sixth of the memory."""
    longest, room = max(len(r["input_ids"]) for r in rows), machine.memory_bytes() / 6
    if sum(p.numel() for p in model.parameters()) < cost.LARGE:  # what we train from nothing fits anywhere
        return 1
    need = batch_size * cost.activation_bytes(model.config, 1, min(longest, 512)) * longest / min(longest, 512)
    parts = 1
    while need / parts > room and parts < batch_size:
        parts += 1
        while batch_size % parts:
            parts += 1
    return parts


def arguments(out, seed, max_steps, batch_size, learning_rate, device="auto", sampling="random", fitting=None, **more):
    """Keyword arguments shared by TrainingArguments and by the configs of TRL.

    Args:
        fitting: (model, rows), where a batch may not fit into memory at once; it is then gathered from parts.

    With `sampling="group_by_length"` a batch holds texts of about one length, so that a third less of it is padding.

    Two checkpoints in flight, about ten over a run; the activations of these models fit, so they are not recomputed.
    """
    parts = shares(batch_size, *fitting) if fitting else 1
    settings = dict(
        output_dir=str(Path(out) / "checkpoints"),
        seed=seed,
        data_seed=seed,
        max_steps=max_steps,
        per_device_train_batch_size=batch_size // parts,
        gradient_accumulation_steps=parts,
        learning_rate=learning_rate,
        train_sampling_strategy=sampling,
        warmup_steps=0.05,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": max(1, int(0.4 * max_steps)), "decay_type": "1-sqrt"},
        logging_steps=max(1, max_steps // 200),
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=max(20, math.ceil(max_steps / 8)),
        report_to=[],
        disable_tqdm=True,
        activation_checkpointing=False,
        **device_arguments(device),
    )
    return {**settings, **more}


def one_device(arguments):
    """The arguments of a Trainer that takes one device per process, though the machine may have several: more of them are `devices`."""
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def fit(trainer, out, what, rate="learning_rate", watch=None):
    """Trains from the newest checkpoint that is whole, saves the model to `out`, and returns a summary.

    Args:
        trainer: a Trainer or a TRL trainer whose output_dir is `out/checkpoints`.
        out: folder for the model (safetensors, tokenizer) and metrics.jsonl.
        what: words for the progress bar.
        rate: name of the notebook's parameter that holds the learning rate, for the error of a training that diverges.
        watch: what measures a model that learns from rewards, may end its training and says which weights are kept (see `watch.Watch`).

    Returns: {"steps", "seconds" of all attempts (but for steps that a kill lost), "first_loss", "last_loss": the mean of the last tenth, "tokens_per_second", "resumed_from"}.
    """
    out, total = Path(out), trainer.args.max_steps
    trainer.remove_callback(PrinterCallback)
    if trainer.args.train_sampling_strategy == "group_by_length":
        order = Order(
            [len(ids) for ids in trainer.train_dataset["input_ids"]],
            trainer.args.train_batch_size * trainer.args.gradient_accumulation_steps,
            trainer.args.seed,
        )
        trainer._get_train_sampler = lambda *_: order
    checkpoint, at = checkpoints.newest_whole(trainer.args.output_dir)
    before, ended = _keep_rows(out, at), lambda: watch is not None and watch.ended is not None
    if watch is not None:
        watch.resume(track.rows(out))
    with track.progress(total, what) as bar, contextlib.closing(curves.Growing(out, what[0].upper() + what[1:])) as curve:
        moved = Moved()
        for callback in (
            moved,
            Metrics(out, bar, curve, at, before, moved),
            FiniteGuard(rate),
            checkpoints.DiskGuard(),
            checkpoints.Manifest(),
            *([watch] if watch is not None else []),
        ):
            trainer.add_callback(callback)
        started = time.time()
        if at < total and not ended():  # transformers trains one step more when it resumes a finished run
            trainer.train(resume_from_checkpoint=checkpoint)
        else:
            trainer._load_from_checkpoint(checkpoint)
        seconds = before + time.time() - started
    if at < total and trainer.state.global_step < total and not ended():
        raise UserError(
            f"training stopped at step {trainer.state.global_step} of {total}",
            "a whole training run",
            "llmlab run RUN   (it goes on from the last checkpoint)",
        )
    if not trainer.is_world_process_zero():
        return {}
    if watch is not None:
        watch.restore(trainer.model)
    weights.remember(trainer.model)
    trainer.save_model(str(out))
    lookup.carry(trainer.processing_class, out)
    shutil.rmtree(trainer.args.output_dir, ignore_errors=True)
    (out / "training_args.bin").unlink(missing_ok=True)  # a pickle; nothing reads it, and it holds paths of this machine
    if watch is not None:
        watch.tidy()
    losses = [row["loss"] for row in track.rows(out) if "loss" in row]
    last = losses[-max(1, len(losses) // 10) :]  # single batches swing
    tokens = max(row.get("tokens", 0) for row in track.rows(out))
    return dict(
        steps=watch.ended if ended() else total,
        seconds=round(seconds, 2),
        first_loss=losses[0],
        last_loss=sum(last) / len(last),
        tokens=tokens,
        tokens_per_second=round(tokens / seconds, 1),
        resumed_from=at,
    )


def _keep_rows(out, step):
    """After a kill, the rows that training will write again are removed. Returns the seconds that the kept ones took."""
    rows = [row for row in track.rows(out) if row.get("step", 0) <= step]
    if rows or (out / "metrics.jsonl").exists():
        write_jsonl(out / "metrics.jsonl", rows)
    return max((row.get("seconds", 0.0) for row in rows), default=0.0)


class Order(torch.utils.data.Sampler):
    """Rows in batches of about one length, in an order that depends on seed and epoch alone.

    The sampler of transformers draws from the generator of the whole process, so that an epoch after the first, when it was interrupted,
    went on in another order: some rows came twice and others never.
    """

    def __init__(self, lengths, batch_size, seed, batches=50):
        self.lengths, self.size, self.seed, self.epoch = lengths, batch_size * batches, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return len(self.lengths)

    def __iter__(self):
        rows = torch.randperm(len(self.lengths), generator=torch.Generator().manual_seed(self.seed + 1_000_003 * self.epoch)).tolist()
        parts = [sorted(rows[k : k + self.size], key=lambda i: -self.lengths[i]) for k in range(0, len(rows), self.size)]
        return iter([i for part in parts for i in part])


class Metrics(TrainerCallback):
    """Rows of metrics.jsonl, the bar, and the curve that grows."""

    def __init__(self, out, bar, curve, at, before, moved):
        self.out, self.bar, self.curve, self.started, self.moved = out, bar, curve, time.time() - before, moved
        bar.update(at)

    def on_step_end(self, args, state, control, **kwargs):
        self.bar.update(1)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not state.is_world_process_zero or "loss" not in (logs or {}):
            return
        row = {k: v for k, v in logs.items() if isinstance(v, (int, float)) and k not in ("epoch", "total_flos")}
        row |= {"update_ratio": self.moved.ratio} if self.moved.ratio is not None else {}
        track.log(
            self.out,
            step=state.global_step,
            seconds=round(time.time() - self.started, 2),
            tokens=int(state.num_input_tokens_seen or 0),
            **row,
        )
        self.bar.set_postfix_str(f"loss {row['loss']:.3f}", refresh=False)
        self.curve.draw()


class Moved(TrainerCallback):
    """How far a step moves the weights, as a share of their size, in three matrices that lie apart; measured at the steps that are logged.

    With an adapter these are its own matrices, but for those that are still 0.
    """

    def __init__(self):
        self.ratio, self.before = None, []

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        if (state.global_step + 1) % max(1, int(args.logging_steps)):
            return
        able = [p for p in model.parameters() if p.dim() == 2 and p.grad is not None and bool(p.detach().any())]
        apart = {n: able[n] for n in (len(able) // 4, len(able) // 2, 3 * len(able) // 4)} if able else {}
        self.before = [(p, p.detach().clone()) for p in apart.values()]

    def on_optimizer_step(self, args, state, control, **kwargs):
        if self.before:
            shares = [float((p.detach() - old).norm() / old.norm()) for p, old in self.before]
            self.ratio, self.before = sum(shares) / len(shares), []


class FiniteGuard(TrainerCallback):
    """Stops before the optimizer step that would write NaN into the weights (Trainer itself logs a NaN loss as 0)."""

    def __init__(self, rate="learning_rate"):
        self.rate = rate

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        if gradients and not torch.isfinite(torch.stack(torch._foreach_norm(gradients)).sum()):
            bad = [n for n, p in model.named_parameters() if p.grad is not None and not torch.isfinite(p.grad).all()]
            raise Diverged(
                f"the gradient is not finite at step {state.global_step + 1}, in {len(bad)} tensors, first in {bad[0]}",
                f"the weights of step {state.global_step} are untouched; {self.rate} is {args.learning_rate:g}",
                f"llmlab run RUN -p {self.rate}={args.learning_rate / 3:.0e}",
            )
