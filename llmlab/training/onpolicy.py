"""Methods that learn from their own answers: a model draws them, a reward judges them, and what was worth more becomes likelier. Each has the arguments of
`posttrain.dpo`, and is chosen by its dotted path: `preference=llmlab.training.onpolicy.grpo`.

Only the prompts of the pairs are asked, and their preferred answers are what rewards compare with; rejected answers teach the reward model alone.
`watch` measures all of them on prompts that are kept apart. What else they take may stand in brackets behind the path:

    answer_tokens  the most that an answer may have; 0 for the room that the preferred answers need (see `lengths`). What is cut there is not learnt from
    reward, gold   what is optimised, and what is only measured (see `rewards`): a function, or its dotted path: grpo(reward='llmlab.training.rewards.facts')
    draws          answers to each prompt
"""

from llmlab.training import rewards, rollouts


def grpo(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.04, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, reward=rewards.verifiable, gold=rewards.alike, draws=4,
):  # fmt: skip
    """Group-relative policy optimisation (Shao et al. 2024; the trainer is TRL's): of several answers to a prompt, those above their mean become likelier, by so
    many of their standard deviations as they lie above it; β, .04 as in their paper, weighs the KL divergence from the start, token by token."""
    from trl import GRPOConfig, GRPOTrainer

    how = dict(loss_type="grpo", beta=beta)
    return rollouts.policy(
        GRPOTrainer, GRPOConfig, how, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, answer_tokens, reward, gold, draws
    )  # fmt: skip


def rloo(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.05, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, reward=rewards.verifiable, gold=rewards.alike, draws=4,
):  # fmt: skip
    """REINFORCE, leave one out (Ahmadian et al. 2024; the trainer is TRL's): each answer is compared with the mean of the others to its prompt; β, .05 as TRL has
    it, times the log-ratio of the whole answer to the start is taken off its reward."""
    from trl import RLOOConfig, RLOOTrainer

    how = dict(beta=beta)
    return rollouts.policy(
        RLOOTrainer, RLOOConfig, how, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, answer_tokens, reward, gold, draws
    )  # fmt: skip


def best_of(
    model, data, out, learning_rate, max_steps, batch_size, beta=None, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, reward=rewards.verifiable, gold=rewards.alike, draws=8,
):  # fmt: skip
    """Rejection sampling (Touvron et al. 2023): the best of several answers to each prompt is taught as if somebody had written it, -log p / n; prompts whose
    answers are all worth the same teach nothing. β has no effect."""

    def loss(best, worst, lengths, known):
        return -best / lengths[0]

    return rollouts.rounds(
        1, loss, False, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, answer_tokens, reward, gold, draws
    )  # fmt: skip


def rounds(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.1, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, reward=rewards.verifiable, gold=rewards.alike, draws=8, times=3,
):  # fmt: skip
    """Iterated preference optimisation (Xu et al. 2023): draw, pair the best answer of each prompt with the worst, learn by IPO's loss of whole answers, as its
    paper has it (TRL's in `methods.ipo` is of means per token), and again from the model that this made, so that what is compared is what it would say now. Each
    round's p₀ is the model that it begins with; the log-ratios of the two answers are to part by 1 / 2β nats. `times`: rounds, which share the steps."""

    def loss(best, worst, lengths, known):
        return ((best - known[0]) - (worst - known[1]) - 1 / (2 * beta)) ** 2

    return rollouts.rounds(
        times, loss, True, model, data, out, learning_rate, max_steps, batch_size, adapter, rank, seed, device, answer_tokens, reward, gold, draws
    )  # fmt: skip


def grpo_learnt(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.04, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, gold=rewards.alike, draws=4, reward_rate=0.0,
):  # fmt: skip
    """`grpo` with a reward model that is first learnt from the pairs, in as many steps as the policy (Ouyang et al. 2022). `reward_rate`: its peak learning rate,
    0 for the one that suits its size."""
    worth, taught = rollouts.reward_model(model, data, out, reward_rate, max_steps, batch_size, adapter, rank, seed, device)
    found = grpo(
        model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device, answer_tokens, worth, gold, draws
    )
    return rollouts.with_reward(found, taught)


def rloo_learnt(
    model, data, out, learning_rate, max_steps, batch_size, beta=0.05, adapter="full", rank=16, seed=0, device="auto",
    answer_tokens=0, gold=rewards.alike, draws=4, reward_rate=0.0,
):  # fmt: skip
    """`rloo` with a reward model, as in `grpo_learnt`."""
    worth, taught = rollouts.reward_model(model, data, out, reward_rate, max_steps, batch_size, adapter, rank, seed, device)
    found = rloo(
        model, data, out, learning_rate, max_steps, batch_size, beta, adapter, rank, seed, device, answer_tokens, worth, gold, draws
    )
    return rollouts.with_reward(found, taught)


for method in (grpo, rloo, best_of, rounds, grpo_learnt, rloo_learnt):
    method.reads = rewards.tasks_of  # beside its arguments: what is rude, and what declines, is said there
