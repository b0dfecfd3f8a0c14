"""How fast a model answers one user: time to the first token, then time per token."""

import time

import torch

from llmlab.data import dialogue, tokens
from llmlab.evaluation import stats
from llmlab.models import weights


class _Clock:
    """A streamer, in transformers' sense, that notes when each token arrives."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


def measure(model, conversations, new_tokens=24, threads=1):
    """Answers conversations one at a time and notes the latency of every token.

    Args:
        model: folder of a model.
        conversations: lists of messages; the first two warm the model up and do not count.
        threads: of the processor; one is what a busy server gives a user, and it is the least noisy.

    Returns: {"first_ms_p50", "first_ms_p95", "token_ms_p50", "token_ms_p95", "tokens_per_second", "firsts_ms": wait for the first token of each answer,
    "answers_ms": median wait for the others, "n"}.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        network, tokenizer = weights.load(model)
        first, gaps, answers = [], [], []
        for n, messages in enumerate(conversations):
            ids = torch.tensor([dialogue.ids(tokenizer, messages, answer=True)[0]])
            times = _one(network, ids, new_tokens, tokens.marks(tokenizer).pad)
            if n >= 2:
                first.append(1000 * times[0])
                waits = [1000 * (b - a) for a, b in zip(times, times[1:])]
                gaps += waits
                answers.append(round(stats.percentile(waits, 50), 4))
    finally:
        torch.set_num_threads(before)
    return {
        "first_ms_p50": round(stats.percentile(first, 50), 3),
        "first_ms_p95": round(stats.percentile(first, 95), 3),
        "token_ms_p50": round(stats.percentile(gaps, 50), 3),
        "token_ms_p95": round(stats.percentile(gaps, 95), 3),
        "tokens_per_second": round(1000 / stats.percentile(gaps, 50), 1),
        "firsts_ms": [round(wait, 4) for wait in first],
        "answers_ms": answers,
        "n": len(first),
        "threads": threads,
    }


def _one(network, ids, new_tokens, pad):
    """Seconds from the question to each token of one answer of fixed length."""
    clock, started = _Clock(), time.perf_counter()
    with torch.no_grad():
        # No token ends the answer (-1 never comes), so that every model writes equally many.
        network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=new_tokens,
            do_sample=False,
            pad_token_id=pad,
            eos_token_id=-1,
            streamer=clock,
        )
    seen = [t - started for t in clock.times]
    return seen[len(seen) - new_tokens :]  # transformers hands the prompt to the streamer first


def timeline(model, messages, max_new_tokens=60):
    """One answer, and how long the user waited for each of its tokens: (ids, milliseconds)."""
    network, tokenizer = weights.load(model)
    ids, frame = torch.tensor([dialogue.ids(tokenizer, messages, answer=True)[0]]), tokens.marks(tokenizer)
    for _ in range(2):  # the first time warms up
        clock, started = _Clock(), time.perf_counter()
        with torch.no_grad():
            out = network.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=frame.pad,
                eos_token_id=list(frame.stops),
                streamer=clock,
            )
    answer = out[0, ids.shape[1] :].tolist()
    answer = answer[: next((n + 1 for n, t in enumerate(answer) if t in frame.stops), len(answer))]
    times = [started, *clock.times[len(clock.times) - len(answer) :]]
    return answer, [1000 * (b - a) for a, b in zip(times, times[1:])]
