"""Steps that make a model smaller and faster at one task: distillation into fewer layers, and the rule by which a variant is picked."""

import copy
import functools
import shutil

import torch
from datasets import Dataset
from torch.nn import functional as F
from transformers import Trainer, TrainingArguments

from llmlab.data import teaching, tokens
from llmlab.evaluation import evenness
from llmlab.models import families, heads, weights
from llmlab.pages import show
from llmlab.spine.errors import UserError
from llmlab.spine.files import write_jsonl
from llmlab.training import fit, optim
from llmlab.training.posttrain import teachable


def distill(
    teacher,
    data,
    rejected,
    out,
    layers,
    learning_rate,
    max_steps,
    batch_size,
    temperature=2.0,
    hard=0.3,
    seed=0,
    device="auto",
):
    """Distillation (Hinton et al. 2015) into a student that begins as some of the teacher's layers.

    loss = hard · cross-entropy + (1 - hard) · T² · KL(teacher ‖ student), both on what the assistant says. On answers that
    annotators rejected it is the KL alone: the student learns how little the teacher thinks of them, which good answers do not tell.

    Args:
        teacher: folder of the model to imitate.
        data: JSON-lines file of conversations with `messages`.
        rejected: JSON-lines file of pairs with `prompt` and `rejected`.
        layers: how many of its layers the student keeps, evenly spaced.
        learning_rate: 0 for the one that suits this size.
        temperature: T softens both distributions, so that the teacher's second thoughts count too.
        hard: weight of the true tokens.
    """
    master, tokenizer = weights.load(teacher)
    student = shallow(master, layers)
    rows, left_out = _imitated(tokenizer, data, rejected, weights.window(master))
    optimizer, usual = optim.suited("distill", "full", sum(p.numel() for p in student.parameters()))
    learning_rate = learning_rate or usual
    arguments = fit.arguments(
        out,
        seed,
        max_steps,
        batch_size,
        learning_rate,
        device,
        sampling="group_by_length",
        fitting=(student, rows),
        weight_decay=0.0,
        remove_unused_columns=False,
    )
    trainer = Distiller(
        model=student,
        args=fit.one_device(TrainingArguments(**arguments)),
        train_dataset=Dataset.from_list(rows),
        data_collator=functools.partial(_pad, tokens.marks(tokenizer).pad),
        processing_class=tokenizer,
        **optim.chosen(optimizer, learning_rate, 0.0),
    )
    trainer.teacher, trainer.temperature, trainer.hard = master.to(trainer.args.device), temperature, hard
    summary = fit.fit(trainer, out, "distillation", rate="distill_learning_rate")
    return {
        **summary,
        "learning_rate": learning_rate,
        "conversations": len(rows),
        "left_out": left_out,
        "respelt": teaching.respelt(tokenizer, [row["messages"] for row in teaching.conversations(data)]),
    }


GOOD, REJECTED = 1, 2  # in a mask: said by the assistant, and whether it should be


def _imitated(tokenizer, data, rejected, limit):
    """(Conversations and rejected answers that fit into `limit` tokens, {reason: how many do not}): rows {"input_ids", "assistant_masks"}."""
    rows, left_out = teachable(tokenizer, data, limit)
    worse = [{"messages": answer["prompt"] + answer["completion"]} for answer in teaching.rated(rejected) if not answer["label"]]
    wrong, more = teaching.held(tokenizer, worse, limit, "rejected answers")
    wrong = [{**row, "assistant_masks": [REJECTED * said for said in row["assistant_masks"]]} for row in wrong]
    return rows + wrong, {reason: left_out.get(reason, 0) + more.get(reason, 0) for reason in {**left_out, **more}}


class Distiller(Trainer):
    """Trainer with the loss of `distill`."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        ids_BxT, mask_BxT = inputs["input_ids"], inputs["assistant_masks"][:, 1:]
        said_BxT, good_N = mask_BxT > 0, mask_BxT[mask_BxT > 0] == GOOD
        with torch.no_grad():
            wanted_NxV = heads.logits_at(self.teacher, ids_BxT[:, :-1], said_BxT)
        given_NxV, target_N = heads.logits_at(model, ids_BxT[:, :-1], said_BxT), ids_BxT[:, 1:][said_BxT]
        t = self.temperature
        soft = F.kl_div(F.log_softmax(given_NxV / t, -1), F.log_softmax(wanted_NxV / t, -1), reduction="batchmean", log_target=True) * t * t
        true = F.cross_entropy(given_NxV[good_N], target_N[good_N], reduction="sum") / good_N.sum().clamp(min=1)
        return self.hard * true + (1 - self.hard) * soft


def shallow(model, layers):
    """A copy of a model with `layers` of its layers, evenly spaced, the first and the last among them (Sajjad et al. 2023)."""
    place, blocks = families.blocks(model)
    depth = len(blocks)
    if not 1 <= layers <= depth:
        raise UserError(
            f"student_layers = {layers}", f"the teacher has {depth} layers", f"llmlab run RUN -p student_layers={max(1, depth // 3)}"
        )
    keep = [round(i * (depth - 1) / max(1, layers - 1)) for i in range(layers)] if layers > 1 else [0]
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = layers
    for name, value in list(config.__dict__.items()):  # kinds of layers, or which of them have positions
        if isinstance(value, list) and len(value) == depth:
            setattr(config, name, [value[i] for i in keep])
    if hasattr(blocks[0], "dilation"):  # a convolution's weights fit its distances
        config.dilations = [blocks[i].dilation for i in keep]
    student, kept = families.initialise(config, seed=0), {}
    for name, tensor in model.state_dict().items():
        index, _, rest = name.removeprefix(f"{place}.").partition(".")
        if not name.startswith(f"{place}."):
            kept[name] = tensor
        elif int(index) in keep:
            kept[f"{place}.{keep.index(int(index))}.{rest}"] = tensor
    student.load_state_dict(kept)
    return student


def _pad(pad, rows):
    longest = max(len(r["input_ids"]) for r in rows)
    fill = lambda values, pad: values + [pad] * (longest - len(values))  # noqa: E731
    return {
        "input_ids": torch.tensor([fill(r["input_ids"], pad) for r in rows]),
        "assistant_masks": torch.tensor([fill(r["assistant_masks"], 0) for r in rows]),
    }


def one_task(data, topics, out):
    """Writes the conversations of some topics to `out`: the data of the one task. All of them if none has a topic."""
    rows = teaching.conversations(data)
    chosen = [r for r in rows if r.get("topic") in topics] or rows
    write_jsonl(out, chosen)
    return len(chosen)


def general(results, task):
    """Mean over all tasks but one, each as how good it is: 1 at best, so that a score of which less is better counts from the other end, and so does the distance of
    groups from even."""
    good = {
        "higher": lambda r: r["score"],
        "lower": lambda r: 1 - show.one_number(r)["score"],
        "even": lambda r: 1 - evenness.uneven(r)["score"] / max(r["chance"], 1 - r["chance"]),
    }
    others = [good[r["better"]](r) for name, r in results.items() if name != task]
    return sum(others) / len(others) if others else None


def frontier(variants, results, speeds, changes, task, max_loss, min_speedup):
    """Every variant's quality, general ability, latency, size and loss against the first one, and which is picked.

    The rule: of the variants that lose at most `max_loss` on the task, or one answer where one weighs more, are at no other task worse by an interval of 95 %, and
    are at least `min_speedup` times faster, the smallest. If none is, the first one stays. No correction for the number of tasks: a loss that is overlooked is
    dearer than a variant that is somewhat larger.

    Args:
        changes: {variant: what `evaluate.compare` finds of it against the first one}.

    Returns: rows {"variant", "score", "low", "high", "general", "ms_per_token", "speedup", "megabytes", "size_ratio", "lost", "worse_at", "allowed", "picked"}.
    """
    names, rows = list(variants), []
    for name in names:
        score, base = results[name][task], results[names[0]][task]
        size, speedup = weights.size_bytes(variants[name]), speeds[names[0]]["token_ms_p50"] / speeds[name]["token_ms_p50"]
        lost, most = base["score"] - score["score"], max(max_loss, 1 / score["n"] + 1e-9)
        worse = [t for t, change in changes.get(name, {}).items() if t != task and change["high"] < 0]
        good, fast = lost <= most and not worse, speedup >= min_speedup
        rows.append(
            {
                "variant": name,
                "score": score["score"],
                "low": score["low"],
                "high": score["high"],
                "n": score["n"],
                "general": general(results[name], task),
                "ms_per_token": speeds[name]["token_ms_p50"],
                "speedup": round(speedup, 2),
                "megabytes": size / 1e6,
                "size_ratio": round(size / weights.size_bytes(variants[names[0]]), 3),
                "lost": round(lost, 4),
                "worse_at": worse,
                "lossy": fast and not good,
                "allowed": fast and good,
                "picked": False,
            }
        )
    best = min((r for r in rows if r["allowed"]), key=lambda r: r["megabytes"], default=rows[0])
    best["picked"] = True
    return rows


def why_not(row, max_loss):
    """Why a variant is not allowed, in words, from its row of `frontier`; "" if it is."""
    reasons = {
        "loses too much": row["lost"] > max(max_loss, 1 / row["n"]) + 1e-9,
        "worse at others": row["worse_at"],
        "not fast enough": not (row["allowed"] or row["lossy"]),
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def publish(variant, out):
    """Copies the picked variant to where phase 7 and the users look for it."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(variant, out, ignore=shutil.ignore_patterns(".*"))
