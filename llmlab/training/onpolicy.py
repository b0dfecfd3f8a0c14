"""Methods that learn from their own answers: a model draws them, a reward judges them, and what was worth more becomes likelier. Each has the arguments of
`posttrain.dpo`, and is chosen by its dotted path: `preference=llmlab.training.onpolicy.grpo`.

Only the prompts of the pairs are asked, and their preferred answers are what rewards compare with; rejected answers teach the reward model alone.
`watch` measures all of them on prompts that are kept apart. With a reward of one's own: a function that calls one of these with `reward=`.
"""

from llmlab.training import rewards, rollouts


def grpo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", **judged):
    """Group-relative policy optimisation (Shao et al. 2024; the trainer is TRL's): of several answers to a prompt, those above their mean become likelier, by so
    many of their standard deviations as they lie above it; a tenth of β weighs the KL divergence from the start, token by token.

    Args:
        judged: `reward` and `gold`, other than `rewards.verifiable` and `rewards.alike`; `draws`, the answers to each prompt.
    """
    from trl import GRPOConfig, GRPOTrainer

    how = dict(loss_type="grpo", beta=beta / 10)
    return rollouts.policy(
        GRPOTrainer, GRPOConfig, how, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, **judged
    )


def rloo(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", **judged):
    """REINFORCE, leave one out (Ahmadian et al. 2024; the trainer is TRL's): each answer is compared with the mean of the others to its prompt; a tenth of β times
    the log-ratio of the whole answer to the start is taken off its reward. `judged`: as in `grpo`."""
    from trl import RLOOConfig, RLOOTrainer

    how = dict(beta=beta / 10)
    return rollouts.policy(
        RLOOTrainer, RLOOConfig, how, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, **judged
    )


def best_of(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", **judged):
    """Rejection sampling (Touvron et al. 2023): the best of several answers to each prompt is taught as if somebody had written it, -log p / n; prompts whose
    answers are all worth the same teach nothing. β has no effect. `judged`: as in `grpo`."""

    def loss(best, worst, lengths, known):
        return -best / lengths[0]

    return rollouts.rounds(1, loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, **judged)


def rounds(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", times=3, **judged
):
    """Iterated preference optimisation (Xu et al. 2023): draw, pair the best answer of each prompt with the worst, learn by IPO's loss of whole answers, as its
    paper has it (TRL's in `methods.ipo` is of means per token), and again from the model that this made, so that what is compared is what it would say now. Each round's p₀ is the model that it begins with. `judged`: as in `grpo`."""

    def loss(best, worst, lengths, known):
        return ((best - known[0]) - (worst - known[1]) - 1 / (2 * beta)) ** 2

    return rollouts.rounds(times, loss, True, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, **judged)


def grpo_learnt(model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto", **judged):
    """`grpo` with a reward model that is first learnt from the pairs, in as many steps as the policy (Ouyang et al. 2022)."""
    worth, taught = rollouts.reward_model(model, data, out, max_steps, batch_size, seed, device)
    found = grpo(model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device, reward=worth, **judged)
    return rollouts.with_reward(found, taught)


for method in (grpo, rloo, best_of, rounds, grpo_learnt):
    method.reads = rewards.tasks_of  # beside its arguments: what is rude, and what declines, is said there
