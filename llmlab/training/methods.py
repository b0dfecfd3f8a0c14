"""Methods that learn from preferences, each with the arguments of `posttrain.dpo`, chosen by its dotted path: `preference=llmlab.training.methods.ipo`.
What TRL's trainer of pairs has is TRL's; the others are a loss of a few lines, on the Trainer in `comparing`. What β means, each of them says.

In all of them p is the model's probability of a whole answer, p₀ that of the model it starts from, n an answer's number of tokens.
"""

import torch
from torch.nn.functional import logsigmoid

from llmlab.training import comparing, posttrain


def ipo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Identity preference optimisation (Azar et al. 2023; the loss is TRL's): (h - 1 / 2β)², h being how much more the log-ratio of the chosen answer to p₀ grew
    than that of the rejected one, both as means per token. Where annotators are certain DPO goes on for ever; this stops."""
    return posttrain.direct("ipo", model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device)


def simpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", margin=0.5):
    """Simple preference optimisation (Meng et al. 2024): -log σ(10β (log p(chosen) / n - log p(rejected) / n) - margin). No reference, and no reward for length.

    Their β is ten times and more that of DPO, since it weighs a mean and not a sum: more of it goes further, as in no method with a reference.
    """

    def loss(chosen, rejected, lengths, known):
        return -logsigmoid(10 * beta * (chosen / lengths[0] - rejected / lengths[1]) - margin)

    return comparing.learn(loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "SimPO")


def orpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Odds-ratio preference optimisation (Hong et al. 2024): -log p(chosen) / n - β log σ(log odds of chosen - log odds of rejected), of the mean probability
    per token. Supervision and preference in one step, without a reference; β weighs the preference."""

    def odds(mean):
        return mean - torch.log1p(-torch.exp(mean).clamp(max=1 - 1e-6))

    def loss(chosen, rejected, lengths, known):
        good, bad = chosen / lengths[0], rejected / lengths[1]
        return -good - beta * logsigmoid(odds(good) - odds(bad))

    return comparing.learn(loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "ORPO")


def kto(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """Kahneman-Tversky optimisation (Ethayarajh et al. 2024): each answer is rated by itself, a pair's as much as one without a partner. Of a liked one 1 - σ(β log
    (p / p₀) - z) is lost, of one that is not liked 1 - σ(z - β log (p / p₀)), z being the point of reference: what the answers of the batch gained, at least 0. Theirs
    takes answers to other prompts, which would cost half a step more. Liked and disliked answers weigh the same together, however many there are of each."""

    def loss(answers, known, liked, weights):
        gained = beta * (answers - known)
        point = ((weights * gained).sum() / weights.sum()).detach().clamp(min=0)
        return weights * (1 - torch.sigmoid(torch.where(liked, gained - point, point - gained)))

    return comparing.learn(
        loss, True, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "KTO", trainer=comparing.Rating
    )


def chosen(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto"):
    """The ablation: more supervised fine-tuning on the chosen answers, -log p(chosen) / n, as if the rejected ones had never been shown. β has no effect."""

    def loss(good, rejected, lengths, known):
        return -good / lengths[0]

    return comparing.learn(
        loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, "SFT on the chosen answers"
    )
