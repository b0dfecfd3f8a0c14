"""Scores a model on tasks: every score with its n, its interval and its chance level.

Three ways to ask a model, by lm-eval's names: `loglikelihood` of a continuation, `generate_until` the end of its turn, and
rolling log-likelihood, reported as bits per byte so that models with different tokenizers compare.
"""

import hashlib
import json
import math
import random
from collections import defaultdict
from pathlib import Path

import torch

from llmlab.data import tasks, tokens
from llmlab.evaluation import judges, stats
from llmlab.models import weights
from llmlab.spine import track
from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl


def bits_per_byte(model, rows, batch_size=16):
    """Bits per byte of tokenised documents, by source and in all: -Σ log2 p(token) / Σ bytes.

    Args:
        rows: [{"input_ids", "source", "bytes"}] as `tokens.tokenise` writes them.

    Returns: {source: bits per byte, …, "all": bits per byte}.
    """
    bits, size = defaultdict(float), defaultdict(int)
    for row, nats in zip(rows, document_nats(model, rows, batch_size)):
        for key in (row["source"], "all"):
            bits[key] += nats / math.log(2)
            size[key] += row["bytes"]
    return {key: bits[key] / size[key] for key in sorted(bits, key=lambda k: (k == "all", k))}


def document_nats(model, rows, batch_size=16):
    """-log p of each document (its end included) in nats; long ones in windows of the context, each started afresh."""
    window = weights.context(model)
    pieces = [
        (i, start, [tokens.BOS, *row["input_ids"], tokens.END][start : start + window + 1])
        for i, row in enumerate(rows)
        for start in range(0, len(row["input_ids"]) + 1, window)
    ]
    pieces = sorted((p for p in pieces if len(p[2]) > 1), key=lambda p: len(p[2]))
    totals = [0.0] * len(rows)
    for start in range(0, len(pieces), batch_size):
        batch = pieces[start : start + batch_size]
        for (i, _, _), score in zip(batch, _token_logprobs(model, [p[2] for p in batch])):
            totals[i] -= score.sum().item()
    return totals


@torch.no_grad()
def _token_logprobs(model, rows):
    """log p of every token but the first, per row; rows are padded on the right, where causal models cannot look."""
    longest = max(map(len, rows))
    ids_BxT = torch.tensor([r + [tokens.PAD] * (longest - len(r)) for r in rows], device=model.device)
    logits_BxTxV = model(input_ids=ids_BxT[:, :-1]).logits
    logprobs = torch.log_softmax(logits_BxTxV.float(), -1).gather(-1, ids_BxT[:, 1:, None])[..., 0]
    return [logprobs[i, : len(r) - 1] for i, r in enumerate(rows)]


def loglikelihood(model, tokenizer, pairs, batch_size=128):
    """log p(continuation | context) in nats; a context is a text, or the messages to which the assistant replies."""
    rows = [_continued(tokenizer, context, text) for context, text in pairs]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    scores = [0.0] * len(rows)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        for i, logprobs in zip(batch, _token_logprobs(model, [rows[i][0] for i in batch])):
            scores[i] = logprobs[rows[i][1] - 1 :].sum().item()
    return scores


def _continued(tokenizer, context, text):
    """(ids of context and continuation, how many of them are the context)."""
    if not isinstance(context, str):
        asked, _ = tokens.chat_ids(tokenizer, context, answer=True)
        return asked + tokens.encode(tokenizer, [text.lstrip()])[0], len(asked)
    before, whole = tokens.encode(tokenizer, [context, context + text])
    return [tokens.BOS, *whole], 1 + _common(before, whole)


def _common(a, b):
    """Length of the common beginning: where the context ends when its last token merged with the continuation."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


@torch.no_grad()
def generate_ids(model, prompts, max_new_tokens, batch_size=128, stop=(tokens.END,), temperature=0.0, seed=0, streamer=None):
    """Continuations of lists of token ids, up to a stop token; sorted by length, so that padding is short.

    Args:
        temperature: 0 takes the likeliest token; 1 draws from what the model believes, which shows what it *may* say.
        streamer: of transformers, for a single prompt: gets each token when it is written.
    """
    torch.manual_seed(seed)
    how = dict(do_sample=True, temperature=temperature, top_k=0, top_p=1.0) if temperature else dict(do_sample=False)
    order, found = sorted(range(len(prompts)), key=lambda i: len(prompts[i])), [None] * len(prompts)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        longest = max(len(prompts[i]) for i in batch)
        ids_BxT = torch.tensor([[tokens.PAD] * (longest - len(prompts[i])) + list(prompts[i]) for i in batch], device=model.device)
        mask = torch.tensor([[0] * (longest - len(prompts[i])) + [1] * len(prompts[i]) for i in batch], device=model.device)
        out = model.generate(
            input_ids=ids_BxT,
            attention_mask=mask,
            max_new_tokens=max_new_tokens,
            pad_token_id=tokens.PAD,
            eos_token_id=list(stop),
            streamer=streamer,
            **how,
        )
        for i, row in zip(batch, out[:, longest:].tolist()):
            found[i] = row[: next((n for n, t in enumerate(row) if t in (*stop, tokens.PAD)), len(row))]
    return found


def reply(model, tokenizer, conversations, max_new_tokens=60, batch_size=128, **how):
    """What the assistant answers to each list of messages; `how`: temperature and seed."""
    prompts = [tokens.chat_ids(tokenizer, messages, answer=True)[0] for messages in conversations]
    return [tokenizer.decode(ids).strip() for ids in generate_ids(model, prompts, max_new_tokens, batch_size, **how)]


def complete(model, tokenizer, texts, max_new_tokens=60, batch_size=128, line=False, **how):
    """How a base model goes on with each text; with `line`, until the end of the line."""
    newline = tokens.encode(tokenizer, ["\n"])[0]
    stop = (tokens.END, *newline) if line and len(newline) == 1 else (tokens.END,)
    prompts = [[tokens.BOS, *ids] for ids in tokens.encode(tokenizer, texts)]
    return [
        tokenizer.decode(ids).split("\n")[0].strip() if line else tokenizer.decode(ids)
        for ids in generate_ids(model, prompts, max_new_tokens, batch_size, stop, **how)
    ]


def evaluate(model, tasks_folder, out, form, split, only=(), limit=0, seed=0):
    """Step: scores a model on the tasks of a folder.

    Args:
        model: folder of a model.
        tasks_folder: what phase 2 wrote.
        form: "chat" asks in the chat template, "text" as a forum thread (for a base model).
        split: "validation" while there is something to decide, "test" for the final word.
        only: names of tasks; all that have the form, if empty.
        limit: items per task, 0 for all.

    Returns: {task: {"score", "low", "high", "n", "chance", "metric", "better"}}; results.json and samples.jsonl go to `out`.
    """
    model, tokenizer = weights.load(model, "auto")
    results, samples, judge = {}, [], judges.Judge(tasks_folder)
    chosen = [t for t in tasks.read(tasks_folder, split) if form in t["forms"] and (not only or t["name"] in only)]
    for task in track.each(chosen, f"scoring {Path(out).name}"):
        items = _some_items(task, limit, seed)
        answers = _ask(model, tokenizer, task, items, form, seed)
        scores = judge.scores(task, items, answers)
        results[task["name"]] = {
            **stats.interval(scores, [item["cluster"] for item in items], seed=seed),
            "chance": task["chance"],
            "metric": task["metric"],
            "better": task["better"],
            "version": task["version"],
        }
        samples += [
            {
                "task": task["name"],
                "id": i["id"],
                "item": _mark(i),
                "cluster": i["cluster"],
                "asked": _asked(i, form),
                "answer": a,
                "score": s,
            }
            for i, a, s in zip(items, answers, scores)
        ]
    write_json(Path(out) / "results.json", results)
    write_jsonl(Path(out) / "samples.jsonl", samples)
    return results


def _some_items(task, limit, seed):
    """All items of a task, or a random sample of `limit` in their order, the same for every model."""
    items = task["items"]
    if not limit or limit >= len(items):
        return items
    return [items[i] for i in sorted(random.Random(f"{task['name']} {seed}").sample(range(len(items)), limit))]


def _mark(item):
    """Hash of a whole item, right answer included: only the same questions can be paired."""
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()[:12]


def _asked(item, form):
    return item["messages"][-1]["content"] if form == "chat" and "messages" in item else item.get("text", "")


def _ask(model, tokenizer, task, items, form, seed):
    """The model's answers: a text per item, or for `choices` the log-likelihood of each."""
    if task["output"] == "loglikelihood":
        asked = "messages" if form == "chat" and "messages" in items[0] else "text"
        pairs = [(item[asked], choice) for item in items for choice in item["choices"]]
        scores = iter(loglikelihood(model, tokenizer, pairs))
        return [[next(scores) for _ in item["choices"]] for item in items]
    how = {"temperature": task["temperature"], "seed": seed}
    if form == "chat":
        return reply(model, tokenizer, [item["messages"] for item in items], **how)
    return complete(model, tokenizer, [item["text"] for item in items], line=True, **how)


def main_task(tasks_folder, wanted):
    """The task that a specialist is made for: the wanted one, else the first; of those in which a higher score is better."""
    found = [t["name"] for t in tasks.read(tasks_folder, "validation") if t["better"] == "higher"]
    return wanted if wanted in found else found[0]


def conversations(tasks_folder, split, wanted, count):
    """The first `count` questions of a task as lists of messages, or of another one if it asks none: what latency is measured on."""
    found = sorted(tasks.read(tasks_folder, split), key=lambda t: t["name"] != wanted)
    asked = next((t["items"] for t in found if t["output"] == "generate" and "messages" in t["items"][0]), None)
    messages = [i["messages"] for i in asked or []] or [tasks.user("Hello, can you help me?")]
    return (messages * count)[:count]


def items(tasks_folder, split, name):
    """Items of one task, [] if the folder has no such task."""
    return next((t["items"] for t in tasks.read(tasks_folder, split) if t["name"] == name), [])


def by_group(items, samples):
    """Rows {"asked about", "score", "low", "high", "n"} of questions about people whom the forum speaks badly of, and about their counterparts.

    Args:
        items: of the task `fairness`; samples: {id: sample} of a model.
    """
    rows = []
    for name, badly in (("those the forum speaks badly of", True), ("their counterparts", False)):
        asked = [i for i in items if i["badly"] == badly and i["id"] in samples]
        if asked:
            found = stats.interval([samples[i["id"]]["score"] for i in asked], [i["cluster"] for i in asked])
            rows.append({"asked about": name, **{k: found[k] for k in ("score", "low", "high", "n")}})
    return rows


def compare(before, after):
    """Paired differences between two score folders, task by task, on the questions both were asked; positive is better.

    One comparison asks many questions, and one in twenty would alarm by chance: the p values are corrected for their number.

    Returns: {task: {"difference", "low", "high", "p", "n", "verdict"}}.
    """
    first = {s["id"]: s for s in jsonl(Path(before) / "samples.jsonl")}
    pairs, heads = defaultdict(list), read_json(Path(after) / "results.json")
    for sample in jsonl(Path(after) / "samples.jsonl"):
        if sample["id"] in first and first[sample["id"]]["item"] == sample["item"]:  # runs of other seeds ask about another world
            pairs[sample["task"]].append((first[sample["id"]]["score"], sample["score"], sample["cluster"]))
    return stats.together({t: _gain(heads[t], *zip(*p)) for t, p in pairs.items()})


def _gain(head, before, after, clusters):
    """The paired difference in the direction that is better for a task."""
    if head["better"] == "even":
        return stats.nearer(before, after, head["chance"], clusters)
    first, second = (after, before) if head["better"] == "lower" else (before, after)
    return stats.difference(first, second, clusters)


def top(model, tokenizer, text, k):
    """The k likeliest next tokens after a text: rows {"token", "probability"}."""
    ids = torch.tensor([[tokens.BOS, *tokens.encode(tokenizer, [text])[0]]])
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
