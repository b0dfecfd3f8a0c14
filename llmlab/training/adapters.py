"""Which weights a step changes: all, all but the lowest layers, or an adapter beside them, saved by itself and merged in the end; its kinds are peft's."""

import shutil
from pathlib import Path

from llmlab.data import lookup
from llmlab.data.tokens import SPECIAL
from llmlab.models import families, weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import near

KINDS = ("lora", "dora", "rslora", "loha", "lokr")
FULL = "full"
FOLDER = "adapter"


def config(kind, rank, model, tokenizer, head=""):
    """What peft needs to know, None for training all weights.

    Args:
        kind: "full", "lora" (Hu et al. 2021), "dora" (Liu et al. 2024), "rslora" (Kalajdzievski 2023), "loha" (Hyeon-Woo et al. 2022) or
            "lokr" (Yeh et al. 2024).
        rank: of the correction.
        head: name of a layer of a model that scores, which is new: it is trained whole, and kept with the adapter.
    """
    import peft

    if kind == FULL:
        return None
    if kind not in KINDS:
        raise UserError(f"adapter = {kind!r}", near(kind, (FULL, *KINDS)), "llmlab run RUN -p adapter=lora")
    spared = ["out_proj"] if "mamba" in model.config.model_type else []  # its kernels read this weight directly
    task = dict(task_type="SEQ_CLS", modules_to_save=[head]) if head else dict(task_type="CAUSAL_LM")
    if kind in ("loha", "lokr"):
        make = {"loha": peft.LoHaConfig, "lokr": peft.LoKrConfig}[kind]
        return make(r=rank, alpha=rank, target_modules=_matrices(model, [*spared, head]), **task)
    added = _new_marks(model, tokenizer)
    return peft.LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        use_dora=kind == "dora",
        use_rslora=kind == "rslora",
        target_modules="all-linear",
        exclude_modules=spared or None,
        trainable_token_indices=added or None,  # marks of llmlab's template, which the model has never seen
        **task,
    )


def _new_marks(model, tokenizer):
    """Numbers of the marks of llmlab's template, where an adopted model has them and has never seen them."""
    return [i for mark in SPECIAL[2:] if (i := tokenizer.get_vocab().get(mark)) is not None and weights.was_adopted(model)]


def freeze(model, tokenizer, layers, adapter=FULL):
    """The lowest layers of a decoder, and its embeddings, stay as they are (Lee et al. 2019): a step then costs as much less as they are many."""
    if not layers:
        return
    _, blocks = families.blocks(model)
    because = (
        "an adapter leaves all weights as they are"
        if adapter != FULL
        else f"the model has {len(blocks)} layers"
        if layers >= len(blocks)
        else "the marks of its new chat template have to be learnt"
        if _new_marks(model, tokenizer)
        else ""
    )
    if because:
        raise UserError(f"frozen_layers = {layers}", because, "llmlab run RUN -p frozen_layers=0")
    for part in (model.get_input_embeddings(), *blocks[:layers]):
        part.requires_grad_(False)


def _matrices(model, spared):
    """Names of all linear layers but the head, for kinds of adapter that know no "all-linear"."""
    import torch

    head = model.get_output_embeddings()
    names = {n.rpartition(".")[2] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head} - set(spared)
    if not names:
        raise UserError(
            f"adapter: {model.config.model_type} has no layer that peft's LoHa and LoKr know",
            "lora, dora, rslora, full",
            "llmlab run RUN -p adapter=lora",
        )
    return sorted(names)


def place(adapter, out):
    """Where a step trains: the model's own folder, or that of the adapter in it."""
    return Path(out) if adapter == FULL else Path(out) / FOLDER


def merge(adapter, model, tokenizer, out):
    """Adds an adapter that was trained in `place` to the weights: afterwards `out` holds a whole model, and the adapter in its folder."""
    if adapter == FULL:
        return
    inside = place(adapter, out)
    merged = model.merge_and_unload()
    merged.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    lookup.carry(tokenizer, out)
    (inside / "metrics.jsonl").replace(Path(out) / "metrics.jsonl")
    for left in ("checkpoints", "README.md"):
        shutil.rmtree(inside / left, ignore_errors=True) if (inside / left).is_dir() else (inside / left).unlink(missing_ok=True)
    told = read_json(inside / "adapter_config.json")
    write_json(inside / "adapter_config.json", {**told, "base_model_name_or_path": ""})  # it named where the base lies on this machine


def count(model):
    """Parameters that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
