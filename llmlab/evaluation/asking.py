"""Asking a model: how likely it finds a text, how it goes on, what it replies.

Three ways, by lm-eval's names: `loglikelihood` of a continuation, `generate_until` the end of its turn, and
rolling log-likelihood, reported as bits per byte so that models with different tokenizers compare.
"""

import math
from collections import defaultdict

import torch

from llmlab.data import dialogue, tokens
from llmlab.evaluation import stats
from llmlab.models import heads, weights
from llmlab.spine.files import jsonl


def bits_per_byte(model, rows, frame, batch_size=16):
    """Bits per byte of tokenised documents, by source and in all: -Σ log2 p(token) / Σ bytes.

    Args:
        rows: [{"input_ids", "source", "bytes"}] as `tokens.tokenise` writes them.
        frame: Marks of the tokenizer.

    Returns: {source: bits per byte, …, "all": bits per byte}.
    """
    bits, size = defaultdict(float), defaultdict(int)
    for row, nats in zip(rows, document_nats(model, rows, frame, batch_size)):
        for key in (row["source"], "all"):
            bits[key] += nats / math.log(2)
            size[key] += row["bytes"]
    return {key: bits[key] / size[key] for key in sorted(bits, key=lambda k: (k == "all", k))}


def document_bits(model, rows, frame, batch_size=16):
    """Bits per byte of each tokenised document."""
    nats = document_nats(model, rows, frame, batch_size)
    return [n / math.log(2) / max(1, row["bytes"]) for n, row in zip(nats, rows)]


def document_nats(model, rows, frame, batch_size=16):
    """-log p of each document (its end included) in nats; long ones in windows of the context, each started afresh."""
    window = weights.context(model)
    pieces = [
        (i, start, [frame.start, *row["input_ids"], frame.end][start : start + window + 1])
        for i, row in enumerate(rows)
        for start in range(0, len(row["input_ids"]) + 1, window)
    ]
    pieces = sorted((p for p in pieces if len(p[2]) > 1), key=lambda p: len(p[2]))
    totals = [0.0] * len(rows)
    for start in range(0, len(pieces), batch_size):
        batch = pieces[start : start + batch_size]
        for (i, _, _), score in zip(batch, token_logprobs(model, [p[2] for p in batch], frame.pad)):
            totals[i] -= score.sum().item()
    return totals


@torch.no_grad()
def token_logprobs(model, rows, pad, since=None):
    """log p of every token but the first, per row, or of those from position `since` on; rows are padded on the right, where causal models
    cannot look."""
    longest, since = max(map(len, rows)), since or [1] * len(rows)
    ids_BxT = torch.tensor([r + [pad] * (longest - len(r)) for r in rows], device=model.device)
    at_T = torch.arange(longest - 1, device=model.device)
    lengths_B, since_B = (torch.tensor(n, device=model.device)[:, None] for n in (list(map(len, rows)), since))
    where_BxT = (at_T >= since_B - 1) & (at_T < lengths_B - 1)
    found_N = heads.logprobs_at(model, ids_BxT[:, :-1], where_BxT, ids_BxT[:, 1:][where_BxT])
    return found_N.split([len(r) - s for r, s in zip(rows, since)])


def loglikelihood(model, tokenizer, pairs, batch_size=128):
    """log p(continuation | context) in nats; a context is a text, or the messages to which the assistant replies.

    Args:
        pairs: (context, continuation), or (context, continuation, True) where that nothing more is said counts as well: the assistant's end of turn, or
            the end of the line of a text.
    """
    rows = [_continued(tokenizer, *pair) for pair in pairs]
    most = weights.window(model) + 1  # the last token is predicted, and not read
    over = [max(0, len(ids) - most) for ids, _ in rows]
    rows = [(_cut(ids, most), max(1, since - cut)) for (ids, since), cut in zip(rows, over)]
    _say_cut(sum(map(bool, over)), len(rows), most - 1)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    scores, pad = [0.0] * len(rows), tokens.marks(tokenizer).pad
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        for i, logprobs in zip(batch, token_logprobs(model, [rows[i][0] for i in batch], pad, [rows[i][1] for i in batch])):
            scores[i] = logprobs.sum().item()
    return scores


def _cut(ids, most):
    """The first token, which begins a text, and the last ones."""
    return ids if len(ids) <= most else [ids[0], *ids[len(ids) - most + 1 :]]


def _say_cut(count, total, window):
    """Nothing is left out in silence."""
    if count:
        print(f"{count} of {total} questions are longer than the model's window of {window} tokens; what comes first in them is left out.")


def _continued(tokenizer, context, text, ended=False):
    """(ids of context and continuation, how many of them are the context)."""
    if not isinstance(context, str):
        asked, _ = dialogue.ids(tokenizer, context, answer=True)
        end = [tokens.marks(tokenizer).stops[-1]] if ended else []
        return asked + tokens.encode(tokenizer, [text.lstrip()])[0] + end, len(asked)
    before, whole = tokens.encode(tokenizer, [context, context + text + "\n" * ended])
    return [tokens.marks(tokenizer).start, *whole], 1 + _common(before, whole)


def of_choices(model, tokenizer, asked):
    """How likely a model finds each of some choices, in nats: a list per question. asked: (context, choices), a context as for `loglikelihood`.

    What is compared must exclude one another: whoever says "12" has begun with "1", so "1" would never be the less likely. Where a choice begins with
    another one, all choices of the question therefore count with their end. A longer choice is not helped: it is as likely as all of its words are.
    """
    ended = [_nested(choices) for _, choices in asked]
    pairs = [(context, choice, end) for (context, choices), end in zip(asked, ended) for choice in choices]
    scores = iter(loglikelihood(model, tokenizer, pairs))
    return [[next(scores) for _ in choices] for _, choices in asked]


def _nested(choices):
    """Whether one of some texts begins with another."""
    plain = sorted(choice.strip() for choice in choices)
    return any(longer.startswith(shorter) for shorter, longer in zip(plain, plain[1:]))


def _common(a, b):
    """Length of the common beginning: where the context ends when its last token merged with the continuation."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def _room(model, max_new_tokens):
    """(tokens of a question, tokens of its answer) at most: a short window leaves half of it to the answer."""
    window = weights.window(model)
    room = max(window - max_new_tokens, window // 2)
    return room, min(max_new_tokens, window - room)


def within(model, prompts, max_new_tokens):
    """Lists of token ids as they are asked: of one that leaves no room for its answer the first token and the last ones."""
    room = _room(model, max_new_tokens)[0]
    return [_cut(ids, room) for ids in prompts]


def longest(model, max_new_tokens):
    """Tokens that an answer may have: `max_new_tokens`, or what a short window leaves."""
    return _room(model, max_new_tokens)[1]


@torch.no_grad()
def generate_ids(model, prompts, max_new_tokens, frame, batch_size=128, stop=(), temperature=0.0, seed=0, streamer=None):
    """Continuations of lists of token ids, up to a stop token; sorted by length, so that padding is short.

    Args:
        frame: Marks of the tokenizer.
        stop: ids that end an answer beside those that end any.
        temperature: 0 takes the likeliest token; 1 draws from what the model believes, which shows what it *may* say.
        streamer: of transformers, for a single prompt: gets each token when it is written.
    """
    torch.manual_seed(seed)
    how = dict(do_sample=True, temperature=temperature, top_k=0, top_p=1.0) if temperature else dict(do_sample=False)
    stop = (*frame.stops, *stop)
    whole, prompts = prompts, within(model, prompts, max_new_tokens)
    _say_cut(sum(len(a) > len(b) for a, b in zip(whole, prompts)), len(prompts), weights.window(model))
    _, max_new_tokens = _room(model, max_new_tokens)
    order, found = sorted(range(len(prompts)), key=lambda i: len(prompts[i])), [None] * len(prompts)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        longest = max(len(prompts[i]) for i in batch)
        ids_BxT = torch.tensor([[frame.pad] * (longest - len(prompts[i])) + list(prompts[i]) for i in batch], device=model.device)
        mask = torch.tensor([[0] * (longest - len(prompts[i])) + [1] * len(prompts[i]) for i in batch], device=model.device)
        out = model.generate(
            input_ids=ids_BxT,
            attention_mask=mask,
            max_new_tokens=max_new_tokens,
            pad_token_id=frame.pad,
            eos_token_id=list(stop),
            streamer=streamer,
            **how,
        )
        for i, row in zip(batch, out[:, longest:].tolist()):
            found[i] = row[: next((n for n, t in enumerate(row) if t in (*stop, frame.pad)), len(row))]
    return found


def reply(model, tokenizer, conversations, max_new_tokens=60, batch_size=128, **how):
    """What the assistant answers to each list of messages; `how`: temperature and seed."""
    return [text for text, _ in answers(model, tokenizer, conversations, max_new_tokens, batch_size, **how)]


def answers(model, tokenizer, conversations, max_new_tokens=60, batch_size=128, **how):
    """[(what the assistant answers, whether it came to its end)]; as `reply`."""
    prompts = [dialogue.ids(tokenizer, messages, answer=True)[0] for messages in conversations]
    found = generate_ids(model, prompts, max_new_tokens, tokens.marks(tokenizer), batch_size, **how)
    return [(tokenizer.decode(ids).strip(), len(ids) < longest(model, max_new_tokens)) for ids in found]


def complete(model, tokenizer, texts, max_new_tokens=60, batch_size=128, line=False, **how):
    """How a base model goes on with each text; with `line`, until the end of the line."""
    return [text for text, _ in completions(model, tokenizer, texts, max_new_tokens, batch_size, line, **how)]


def completions(model, tokenizer, texts, max_new_tokens=60, batch_size=128, line=False, **how):
    """[(how a base model goes on with a text, whether it came to its end)]; as `complete`."""
    newline, frame = tokens.encode(tokenizer, ["\n"])[0], tokens.marks(tokenizer)
    stop = newline if line and len(newline) == 1 else ()
    prompts = [[frame.start, *ids] for ids in tokens.encode(tokenizer, texts)]
    found = generate_ids(model, prompts, max_new_tokens, frame, batch_size, stop, **how)
    said = [(tokenizer.decode(ids), len(ids) < longest(model, max_new_tokens)) for ids in found]
    return [(text.split("\n")[0].strip(), whole or "\n" in text) for text, whole in said] if line else said


def spoken(model, tokenizer, items, form, seed):
    """How a base model answers items in the form it knows, drawn at temperature 1."""
    if form == "chat":
        return reply(model, tokenizer, [i["messages"] for i in items], temperature=1.0, seed=seed)
    return complete(model, tokenizer, [i["text"] for i in items], line=True, temperature=1.0, seed=seed)


def general_bits(models, path, most=60):
    """Rows {"model", "bits per byte", "result", "documents", "each"} of held-out text, in a JSON-lines file; "each" has those of every document, and "result"
    their mean by length with Student's interval.

    Args:
        models: {name: (model, its tokenizer)}.
    """
    documents, found = jsonl(path)[:most], []
    for name, (model, tokenizer) in models.items():
        rows = tokens.tokenise(tokenizer, documents)
        each, sizes = document_bits(model, rows, tokens.marks(tokenizer), batch_size=4), [max(1, row["bytes"]) for row in rows]
        bits = sum(b * size for b, size in zip(each, sizes)) / sum(sizes)
        adds = [bits + (b - bits) * size * len(sizes) / sum(sizes) for b, size in zip(each, sizes)]  # what each document adds to their mean
        low, high = stats.student_interval(adds, range(len(adds)), 0.95)
        result = {"score": bits, "low": low, "high": high, "n": len(rows), "each": each}
        found.append({"model": name, "bits per byte": bits, "result": result, "documents": len(rows), "each": each})
    return found


def saved(rows):
    """{step: paired difference} of the bits per byte that each model of a road saves against the one before it, document by document: less than 0 was lost."""
    return {
        f"{a['model']} → {b['model']}": stats.difference([-x for x in a["each"]], [-x for x in b["each"]]) for a, b in zip(rows, rows[1:])
    }


def top(model, tokenizer, text, k):
    """The k likeliest next tokens after a text: rows {"token", "probability"}."""
    ids = torch.tensor([[tokens.marks(tokenizer).start, *tokens.encode(tokenizer, [text])[0]]])
    with torch.no_grad():
        probabilities, found = torch.softmax(model(input_ids=ids).logits[0, -1].float(), -1).topk(k)
    return [{"token": repr(tokenizer.decode([i])), "probability": p} for i, p in zip(found.tolist(), probabilities.tolist())]


def kinds_of_tokens(tokenizer, rows, *losses):
    """Mean loss by kind of token under several models: [(kind, loss under the first, …)]."""
    found = defaultdict(list)
    for ids, *models_losses in zip(rows, *losses):
        for n, token in enumerate(ids[1:]):
            piece = tokenizer.decode([token])
            kind = (
                "numbers"
                if any(c.isdigit() for c in piece)
                else "names"
                if piece.strip()[:1].isupper()
                else "punctuation"
                if not any(c.isalpha() for c in piece)
                else "words"
            )
            found[kind].append([loss[n].item() for loss in models_losses])
    return [(kind, *(sum(column) / len(column) for column in zip(*values))) for kind, values in sorted(found.items())]
