"""Which weights a step changes: all, all but the lowest layers, or an adapter beside them, saved by itself and merged in the end; its kinds are peft's."""

import shutil
from pathlib import Path

from llmlab.data import lookup
from llmlab.models import families
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import near

LORA = {"lora": {}, "dora": {"use_dora": True}, "rslora": {"use_rslora": True}}
OTHERS = ("loha", "lokr", "vera", "ia3", "oft", "hra", "miss", "randlora", "shira")  # by the names that peft gives them
CONV = ("vera", "ia3", "randlora")  # of these, those that know the layers of GPT-2, which are no torch.nn.Linear
KINDS = (*LORA, *OTHERS)
FULL = "full"
FOLDER = "adapter"


def config(kind, rank, model, tokenizer, head=""):
    """What peft needs to know, None for training all weights.

    Not among the kinds: what cannot be added to the weights in the end (prompts, prefixes); PiSSA and OLoRA, which change the weights beneath them, so that the
    model without its adapter is no longer the one that DPO refers to; AdaLoRA, which has to be called after each step.

    Args:
        kind: "full", "lora" (Hu et al. 2021), "dora" (Liu et al. 2024), "rslora" (Kalajdzievski 2023), "loha" (Hyeon-Woo et al. 2022), "lokr" (Yeh et al.
            2024), "vera" (Kopiczko et al. 2024), "ia3" (Liu et al. 2022), "oft" (Qiu et al. 2023), "hra" (Yuan et al. 2024), "miss" (Kang & Yin 2024),
            "randlora" (Albert et al. 2025) or "shira" (Bhardwaj et al. 2024). Default learning rates are LoRA's; they were not compared for the others.
        rank: of the correction; the side of OFT's blocks; of no meaning for IA3.
        head: name of a layer of a model that scores, which is new: it is trained whole, and kept with the adapter.
    """
    import peft

    if kind == FULL:
        return None
    if kind not in KINDS:
        raise UserError(f"adapter = {kind!r}", near(kind, (FULL, *KINDS)), "llmlab run RUN -p adapter=lora")
    spared = ["out_proj"] if "mamba" in model.config.model_type else []  # its kernels read this weight directly
    task = dict(task_type="SEQ_CLS", modules_to_save=[head]) if head else dict(task_type="CAUSAL_LM")
    added = _new_marks(model, tokenizer)
    if kind in LORA:
        return peft.LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules="all-linear",
            exclude_modules=spared or None,
            trainable_token_indices=added or None,  # marks of llmlab's template, which the model has never seen
            **task,
            **LORA[kind],
        )
    if added:
        raise UserError(
            f"adapter = {kind!r}, and the marks of the model's new chat template have to be learnt",
            ", ".join((FULL, *LORA)),
            "llmlab run RUN -p adapter=lora",
        )
    make = peft.PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType[kind.upper()]]
    size = {"loha": {"alpha": rank}, "lokr": {"alpha": rank}, "oft": {"r": 0, "oft_block_size": rank}}.get(kind, {})
    size = size if kind == "ia3" else {"r": rank, **size}
    return make(target_modules=matrices(kind, model, [*spared, head]), **task, **size)


def _new_marks(model, tokenizer):
    """Numbers of the marks that an adopted model was given for llmlab's template, and has never seen."""
    return [i for mark in getattr(model.config, "new_marks", ()) if (i := tokenizer.get_vocab().get(mark)) is not None]


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


def matrices(kind, model, spared=()):
    """Names of all layers but the head that a kind of adapter other than LoRA knows; a UserError if there are none. The model may be without weights."""
    import torch
    from transformers.pytorch_utils import Conv1D

    known, head = (torch.nn.Linear, Conv1D) if kind in CONV else torch.nn.Linear, model.get_output_embeddings()
    names = {n.rpartition(".")[2] for n, m in model.named_modules() if isinstance(m, known) and m is not head} - set(spared)
    if not names:
        raise UserError(
            f"adapter: {model.config.model_type} has no layer that peft's {kind} knows",
            ", ".join((FULL, *LORA, *CONV)),
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
