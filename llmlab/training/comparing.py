"""What the methods that learn from pairs share: a Trainer whose loss is a function of how likely both answers of a pair are.

`posttrain.dpo` is TRL's. Those here are losses of a few lines each (see `methods`), on the same tokens, the same guards and the same checkpoints.
"""

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments

from llmlab.data import dialogue, maskgate, teaching, tokens
from llmlab.models import heads, weights
from llmlab.training import adapters, fit, optim


class Comparing(Trainer):
    """Learns from pairs.

    Args:
        loss: function: (chosen, rejected, lengths of both, reference of both or None) → a loss per pair; log p are sums over the tokens of an answer.
        reference: a model that stays as it is, or None.
    """

    def __init__(self, loss, reference=None, **how):
        super().__init__(**how)
        self.loss, self.reference = loss, reference.to(self.args.device).eval() if reference is not None else None
        self.model_accepts_loss_kwargs = False
        self.seen = {}

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        sums_2B, lengths_2B = scored(model, inputs)
        chosen, rejected = sums_2B.chunk(2)
        known = None
        if self.reference is not None:
            with torch.no_grad():
                known = scored(self.reference, inputs)[0].chunk(2)
        loss = self.loss(chosen, rejected, lengths_2B.chunk(2), known).mean()
        self.seen = {
            "logps/chosen": chosen.mean().item(),
            "logps/rejected": rejected.mean().item(),
            "accuracy": (chosen > rejected).float().mean().item(),
        }
        return (loss, None) if return_outputs else loss

    def log(self, logs, *more, **how):
        super().log({**logs, **self.seen} if "loss" in logs else logs, *more, **how)


def scored(model, inputs):
    """(Σ log p, number) of the tokens of each answer, (2B,): the chosen ones first."""
    ids_2BxT, said_2BxT = inputs["input_ids"], inputs["said"]
    where = said_2BxT[:, 1:].bool()
    logits_NxV = heads.logits_at(model, ids_2BxT[:, :-1], where, attention_mask=inputs["attention_mask"][:, :-1])
    picked_N = torch.log_softmax(logits_NxV.float(), -1).gather(-1, ids_2BxT[:, 1:][where][:, None])[:, 0]
    rows_N = where.nonzero()[:, 0]
    sums = torch.zeros(len(ids_2BxT), device=picked_N.device).index_add(0, rows_N, picked_N)
    return sums, where.sum(1)


def collated(pad):
    """A function of pairs in tokens: a batch of all chosen and then all rejected answers, after their prompts, padded on the right."""

    def collate(rows):
        ids, said = ([torch.tensor(of) for of in some] for some in zip(*teaching.both(rows)))
        real = [torch.ones_like(of) for of in ids]
        fill = lambda some, value: pad_sequence(some, batch_first=True, padding_value=value)  # noqa: E731
        return {"input_ids": fill(ids, pad), "said": fill(said, 0), "attention_mask": fill(real, 0)}

    return collate


def learn(loss, referred, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, what, watch=None):
    """The step of a method: pairs in tokens, a Trainer with its loss, a model in `out`.

    Args:
        loss: as `Comparing` takes it; referred: whether it looks at the model that training began with.
        watch: a function of the folder that is trained in, which gives what `fit` watches with.
    """
    from datasets import Dataset

    (start, tokenizer), (given, alone) = weights.load(model), teaching.compared(data)
    dialogue.check(tokenizer, [row["prompt"] + row[side] for row in given for side in maskgate.sides(row)])
    rows, left_out = teaching.fitting_pairs(tokenizer, given, weights.window(start), "pairs")
    _, usual = optim.suited("preference", adapter, sum(p.numel() for p in start.parameters()))
    inside, learning_rate = adapters.place(adapter, out), learning_rate or usual
    both = [{"input_ids": [token for ids, _ in teaching.both([row]) for token in ids]} for row in rows]
    arguments = fit.arguments(inside, seed, max_steps, batch_size, learning_rate, device, weight_decay=0.0, fitting=(start, both))
    reference = weights.load(model)[0] if referred else None
    peft = adapters.config(adapter, rank, start, tokenizer)
    if peft is not None:
        from peft import get_peft_model

        start = get_peft_model(start, peft)
    collate = collated(tokens.marks(tokenizer).pad)
    tried = [rows[n] for n in maskgate.tried([teaching.length(row) for row in rows])]
    batch = collate(tried)
    maskgate.collated(teaching.both(tried), batch, batch["said"], "pairs")
    made = Comparing(
        loss,
        reference,
        model=start,
        args=fit.one_device(TrainingArguments(**arguments, remove_unused_columns=False)),
        data_collator=collate,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    summary = fit.fit(made, inside, what, rate="preference_learning_rate", watch=watch and watch(inside))
    if not summary:
        return {}
    adapters.merge(adapter, made.model, tokenizer, out)
    told = {"pairs": len(rows), "left_out": {**alone, **left_out}, "respelt": teaching.respelt_pairs(tokenizer, given)}
    return {**summary, "learning_rate": learning_rate, **told}
