"""Checkpoints that a kill leaves whole: published by a manifest of their hashes, the older one removed only then."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import torch.distributed
from transformers import TrainerCallback

from llmlab.spine.errors import UserError


class DiskGuard(TrainerCallback):
    """Refuses at the start a run whose checkpoints cannot fit on the disk."""

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        trained = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
        room(args.output_dir, (3 * trained) * 2)  # the old one goes when the new one is whole


def room(folder, need):
    """Raises UserError if fewer than `need` bytes are free where `folder` lies."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"{free / 1e6:.0f} MB are free for {folder}",
            f"checkpoints need {need / 1e6:.0f} MB",
            "free some space, or put the run on another disk",
        )


class Manifest(TrainerCallback):
    """After a checkpoint is written: the hash of each file, published by a rename, so that half a checkpoint is known.

    Only then do older ones go: Trainer's own `save_total_limit` removes them first, and a kill in between would leave none.
    """

    def on_save(self, args, state, control, **kwargs):
        if torch.distributed.is_initialized():  # each process writes its own random state into the folder
            torch.distributed.barrier()
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        files = {str(p.relative_to(folder)): _hash(p) for p in sorted(folder.rglob("*")) if p.is_file()}
        for name in files:
            with open(folder / name, "rb") as stream:
                os.fsync(stream.fileno())
        partial = folder / ".manifest.partial"
        partial.write_text(json.dumps(files))
        os.replace(partial, folder / "manifest.json")
        for older in folder.parent.glob("checkpoint-*"):
            if older != folder:
                shutil.rmtree(older)


def newest_whole(folder):
    """(path, step) of the newest checkpoint whose files are what its manifest says, (None, 0) if there is none.

    Trainer would take the newest one whatever its state, and accept a missing optimizer in silence.
    """
    folder = Path(folder)
    found = sorted(((int(m[1]), p) for p in folder.glob("checkpoint-*") if (m := re.fullmatch(r"checkpoint-(\d+)", p.name))), reverse=True)
    for step, path in found:
        if _is_whole(path):
            return str(path), step
        if (path / "manifest.json").exists():  # without one its writing was cut short, and any before it is still there
            print(f"{path.name} is damaged; it is removed.")
        shutil.rmtree(path, ignore_errors=True)  # several processes may come to this at once
    return None, 0


def _is_whole(checkpoint):
    try:
        files = json.loads((checkpoint / "manifest.json").read_text())
        return bool(files) and all(_hash(checkpoint / name) == mark for name, mark in files.items())
    except (OSError, ValueError, AttributeError, TypeError):  # a manifest may be damaged in any way
        return False


def _hash(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
