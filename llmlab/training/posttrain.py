"""Steps: supervised fine-tuning on conversations, then preference optimisation.

Each step starts from a path, never from a model in memory: TRL loads the reference model of a preference method from the
path in the config, and a model that was only in memory would be compared with something else.
"""

from datasets import Dataset

from llmlab.data import teaching, tokens
from llmlab.models import weights
from llmlab.training import fit, optim


def sft(model, data, out, learning_rate, max_steps, batch_size, optimizer="muon", seed=0, device="auto"):
    """Supervised fine-tuning (Ouyang et al. 2022): the loss counts only what the assistant says.

    Args:
        model: folder of the model to start from.
        data: JSON-lines file of conversations with `messages`.
        out: folder for the model and metrics.jsonl.

    Returns: the summary of `fit`, with how many conversations were used, how many left out and why, and the share of tokens trained on.
    """
    from trl import SFTConfig, SFTTrainer

    start, tokenizer = weights.load(model)
    rows, left_out = teachable(tokenizer, data, weights.window(start))
    arguments = fit.arguments(out, seed, max_steps, batch_size, learning_rate, device, sampling="group_by_length", weight_decay=0.0)
    config = fit.one_device(SFTConfig(**arguments, max_length=weights.window(start)))
    trainer = SFTTrainer(
        model=start,
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        **optim.chosen(optimizer, learning_rate, 0.0),
    )
    summary = fit.fit(trainer, out, "supervised fine-tuning", rate="sft_learning_rate")
    trained, total = sum(sum(r["assistant_masks"]) for r in rows), sum(len(r["input_ids"]) for r in rows)
    return {**summary, "conversations": len(rows), "left_out": left_out, "trained_share": round(trained / total, 3)}


def dpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, seed=0, device="auto"):
    """Direct preference optimisation (Rafailov et al. 2023).

    The loss is -log σ(β · ((log π(chosen) - log π₀(chosen)) - (log π(rejected) - log π₀(rejected)))), with π₀ the model it
    starts from, so the first value is ln 2.

    Args:
        model: folder of the model to start from, which is also the reference.
        data: JSON-lines file of pairs with `prompt`, `chosen`, `rejected`.
        beta: how tightly the model stays near the reference.
    """
    from trl import DPOConfig, DPOTrainer

    start, tokenizer = weights.load(model)
    reference, _ = weights.load(model)
    rows, left_out = teaching.fitting_pairs(tokenizer, teaching.pairs(data), weights.window(start), "pairs")
    arguments = fit.arguments(out, seed, max_steps, batch_size, learning_rate, device, weight_decay=0.0)
    trainer = DPOTrainer(
        model=start,
        ref_model=reference,
        args=fit.one_device(DPOConfig(**arguments, beta=beta, max_length=weights.window(start))),
        train_dataset=Dataset.from_list([{c: tokens.plain(r[c]) for c in ("prompt", "chosen", "rejected")} for r in rows]),
        processing_class=tokenizer,
    )
    summary = fit.fit(trainer, out, "preference optimisation", rate="preference_learning_rate")
    return {**summary, "pairs": len(rows), "left_out": left_out}


def no_preference(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, seed=0, device="auto"):
    """The ablation: keeps the supervised model as it is."""
    start, tokenizer = weights.load(model)
    start.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    return {"steps": 0, "seconds": 0.0, "first_loss": None, "last_loss": None}


def teachable(tokenizer, data, limit):
    """(The conversations of a file that fit into `limit` tokens, {reason: how many do not}); see `teaching`."""
    return teaching.fitting(tokenizer, teaching.conversations(data), limit, "conversations")


def margins(model, reference, rows, beta):
    """β-scaled log-probability ratios of the chosen and rejected answers: [(chosen, rejected)], what DPO pushes apart.

    Args:
        model, reference: (model, tokenizer) as `weights.load` gives them.
    """
    from llmlab.evaluation.evaluate import _token_logprobs

    found = []
    for row in rows:
        parts = []
        for side in ("chosen", "rejected"):
            prompt, _ = tokens.chat_ids(model[1], row["prompt"], answer=True)
            whole, _ = tokens.chat_ids(model[1], row["prompt"] + row[side])
            score = [_token_logprobs(m[0], [whole])[0][len(prompt) - 1 :].sum().item() for m in (model, reference)]
            parts.append(beta * (score[0] - score[1]))
        found.append(tuple(parts))
    return found
