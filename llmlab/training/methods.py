"""Methods that learn from preferences, each with the arguments of `posttrain.dpo`, chosen by its dotted path: `preference=llmlab.training.methods.ipo`, with
others behind it in brackets if they are wished: `llmlab.training.methods.simpo(beta=2.5, margin=1)`. β means something else in each; what they are given unless
somebody says otherwise is what their authors or TRL give them.

IPO and KTO are TRL's. SimPO and ORPO are losses of a line or two here, on the Trainer in `comparing`: TRL has both among its experimental trainers, of which it
says that they may change or go in any release, and which read the text of a pair by themselves, so that what the mask gate has looked at would not be what is
trained. Tests hold our losses against those of the TRL that is installed.

In all of them p is the model's probability of a whole answer, p₀ that of the model it starts from, n an answer's number of tokens.
"""

import random

import torch
from torch.nn.functional import logsigmoid

from llmlab.data import dialogue, maskgate, teaching
from llmlab.models import weights
from llmlab.training import adapters, comparing, fit, optim, posttrain


def ipo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Identity preference optimisation (Azar et al. 2023; the loss is TRL's): (h - 1 / 2β)², h being how much more the log-ratio of the chosen answer to p₀ grew
    than that of the rejected one, both as means per token. Where annotators are certain DPO goes on for ever; this stops, at 1 / 2β nats per token. β is TRL's."""
    return posttrain.direct("ipo", model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device)


def simpo(model, data, out, learning_rate, max_steps, batch_size, beta=2.0, adapter="full", rank=16, seed=0, device="auto", margin=0.5):
    """Simple preference optimisation (Meng et al. 2024): -log σ(β (log p(chosen) / n - log p(rejected) / n) - margin). No reference, and no reward for length.

    β is twenty times that of DPO, since it weighs a mean and not a sum, and more of it goes further, as in no method with a reference: 2 and 2.5 in the paper. The
    margin is TRL's.
    """

    def loss(chosen, rejected, lengths, known):
        return -logsigmoid(beta * (chosen / lengths[0] - rejected / lengths[1]) - margin)

    return comparing.learn(loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "SimPO")


def orpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Odds-ratio preference optimisation (Hong et al. 2024): -log p(chosen) / n - β log σ(log odds of chosen - log odds of rejected), of the mean probability
    per token. Supervision and preference in one step, without a reference; β, .1 in the paper and in TRL, weighs the preference."""

    def odds(mean):
        return mean - torch.log1p(-torch.exp(mean).clamp(max=1 - 1e-6))

    def loss(chosen, rejected, lengths, known):
        good, bad = chosen / lengths[0], rejected / lengths[1]
        return -good - beta * logsigmoid(odds(good) - odds(bad))

    return comparing.learn(loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "ORPO")


def kto(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Kahneman-Tversky optimisation (Ethayarajh et al. 2024; the trainer is TRL's): each answer is rated by itself, a pair's as much as one without a partner. Of a
    liked one 1 - σ(β (log p / p₀ - z)) is lost, of one that is not liked 1 - σ(β (z - log p / p₀)), z being the point of reference: what the answers of a batch
    gained as answers to one another's prompts, at least 0. Liked and disliked answers weigh the same together, however many there are of each. A step has two
    answers for each pair of the other methods.
    """
    from datasets import Dataset
    from trl import KTOConfig, KTOTrainer

    class Trainer(KTOTrainer):
        """TRL's, on answers that are tokens already, each with another's beside it."""

        def _prepare_dataset(self, dataset, *_):
            return dataset

    (start, tokenizer), given = weights.load(model), teaching.rated(data)
    dialogue.check(tokenizer, [row["prompt"] + row[side] for row in given for side in maskgate.sides(row)])
    rows, left_out = teaching.fitting_pairs(tokenizer, given, weights.window(start), "answers")
    _, usual = optim.suited("preference", adapter, sum(p.numel() for p in start.parameters()))
    inside, learning_rate, peft = adapters.place(adapter, out), learning_rate or usual, adapters.config(adapter, rank, start, tokenizer)
    both = [
        {"input_ids": 2 * (row["prompt_ids"] + row["completion_ids"])} for row in rows
    ]  # a batch counts pairs, of which each is two answers
    arguments = fit.arguments(inside, seed, max_steps, batch_size, learning_rate, device, "sequential", (start, both), weight_decay=0.0)
    arguments["per_device_train_batch_size"] = each = 2 * arguments["per_device_train_batch_size"]
    liked = sum(row["label"] for row in rows)
    weigh = [len(rows) / (2 * n) if 0 < n < len(rows) else 1.0 for n in (liked, len(rows) - liked)]
    config = KTOConfig(
        **arguments, loss_type="kto", beta=beta, desirable_weight=weigh[0], undesirable_weight=weigh[1], max_length=weights.window(start)
    )
    read = _rotated(rows, 2 * batch_size * max_steps, each, seed)
    trainer = Trainer(
        model=start,
        ref_model=None if peft else weights.load(model)[0],
        args=fit.one_device(config),
        train_dataset=Dataset.from_list(read),
        processing_class=tokenizer,
        peft_config=peft,
    )
    tried = [read[n] for n in maskgate.tried([teaching.length(row) for row in read])]
    batch = trainer.data_collator(tried)
    maskgate.collated(teaching.both(tried), batch, batch["completion_mask"], "answers")
    fit.head_where_needed(trainer.model)
    summary = fit.fit(trainer, inside, "preference optimisation", rate="preference_learning_rate")
    if not summary:
        return {}
    adapters.merge(adapter, trainer.model, tokenizer, out)
    told = {"answers": len(rows), "left_out": left_out, "respelt": teaching.respelt_pairs(tokenizer, given)}
    return {**summary, "learning_rate": learning_rate, **told}


def _rotated(rows, count, each, seed):
    """`count` rows in the order in which they are read, all of them in a new order before any comes again; in every `each` that go through the model together,
    each row has the answer of the one before it too, the first that of the last: TRL's estimate of what answers gain that nobody rated."""
    rng, read = random.Random(f"kto {seed}"), []
    while len(read) < count:
        read += rng.sample(rows, len(rows))
    parts = [read[n : min(n + each, count)] for n in range(0, count, each)]
    return [{**row, "KL_completion_ids": part[n - 1]["completion_ids"]} for part in parts for n, row in enumerate(part)]


def chosen(model, data, out, learning_rate, max_steps, batch_size, beta=None, adapter="full", rank=16, seed=0, device="auto"):
    """The ablation: more supervised fine-tuning on the chosen answers, -log p(chosen) / n, as if the rejected ones had never been shown. β has no effect."""

    def loss(good, rejected, lengths, known):
        return -good / lengths[0]

    return comparing.learn(
        loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "SFT on the chosen answers"
    )
