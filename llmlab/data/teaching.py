"""What a lesson must be: conversations and preference pairs, checked line by line. What is left out is counted: in = kept + left out.

A line of another shape is an error that names it; an empty turn, a repetition, two equal answers or too long a text is a reason.
"""

import json
import re
from collections import Counter
from pathlib import Path

import jinja2

from llmlab.data import dialogue, exams, maskgate, personal
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl

ROLES = ("system", "user", "assistant", "tool")
PARTS = ("messages", "prompt", *maskgate.SIDES)  # of a row, what somebody said
ORDER = {  # of roles, by their first letters: what tools say stands between two messages of the assistant
    "assistant": re.compile(r"s?(u(at+)*a)+"),
    "user": re.compile(r"s?(u(at+)*a)*u"),
}


def conversations(path):
    """Rows of a JSON-lines file, each with `messages` that alternate and end with the assistant."""
    return _read(path, lambda row: _fault(row.get("messages"), "assistant"))


def pairs(path):
    """Rows of a JSON-lines file, each with `prompt`, which ends with the user, and one answer each as `chosen` and `rejected`; what was rated alone is passed over."""
    return [row for row in _read(path, _pair_fault) if "completion" not in row]


def thumbs(path):
    """The answers of such a file that were rated alone: rows {"prompt", "completion", "label": whether it is liked}."""
    return [row for row in _read(path, _pair_fault) if "completion" in row]


def rated(path):
    """All answers of such a file as if each had been rated alone. Of a pair the chosen one is liked and the other is not, unless it says which are ("liked"), as
    answers that were scored do; what is neither is passed over."""
    liked = lambda row: row.get("liked", {"chosen": True, "rejected": False}).items()  # noqa: E731
    sides = lambda row: [{"prompt": row["prompt"], "completion": row[s], "label": like} for s, like in liked(row) if like is not None]  # noqa: E731
    return [answer for row in _read(path, _pair_fault) for answer in ([row] if "completion" in row else sides(row))]


def compared(path):
    """(pairs of such a file, {reason: how many answers a method that compares two of them leaves out}); a UserError if there is no pair."""
    two_answers(found := pairs(path), alone := len(thumbs(path)))
    return found, {"an answer that was rated alone, which this method cannot learn from": alone} if alone else {}


def two_answers(pairs, alone, parameter="preference"):
    """Refuses to compare where no two answers are; `parameter` names the method that would."""
    if not pairs:
        raise UserError(
            f"{alone} answers that were rated alone, and no pair of answers",
            "two answers to a prompt, one liked and one not; or a method that learns from single ones",
            f"llmlab run RUN -p {parameter}=llmlab.training.methods.kto",
        )


def asks(messages):
    """All that a user says in a conversation, as one text."""
    return "\n".join(m["content"] for m in messages if m["role"] == "user")


def _read(path, fault):
    rows = jsonl(path)
    for n, row in enumerate(rows, 1):
        if wrong := fault(row) if isinstance(row, dict) else "no JSON object":
            raise UserError(
                f"{Path(path).name}, line {n}: {wrong}",
                'lists of messages {"role", "content": text} that alternate between user and assistant',
                f"sed -n {n}p {path}",
            )
    if not rows:
        raise UserError(f"{Path(path).name} holds no line", "a JSON object per line", f"head -1 {path}")
    return rows


def _pair_fault(row):
    alone = "completion" in row
    missing = [c for c in ("prompt", *(("completion", "label") if alone else ("chosen", "rejected"))) if c not in row]
    if missing:
        return f"no {missing[0]!r}"
    if alone and not isinstance(row["label"], bool):
        return f"label is {json.dumps(row['label'], default=str)[:40]}, neither true nor false"
    said = (row[side] if isinstance(row[side], list) else [row[side]] for side in maskgate.sides(row))
    faults = (_fault(row["prompt"], "user"), *(_fault([{"role": "user", "content": "?"}, *turns], "assistant") for turns in said))
    return next(filter(None, faults), None)


def _fault(messages, last):
    """What keeps messages from being a conversation that ends with `last`, None if nothing."""
    if not isinstance(messages, list) or not messages:
        return "no list of messages"
    for n, m in enumerate(messages, 1):
        if not isinstance(m, dict) or m.get("role") not in ROLES:
            role = m.get("role") if isinstance(m, dict) else m
            return f"message {n} has the role {json.dumps(role, default=str)[:40]}, not one of {', '.join(ROLES)}"
        if not isinstance(m.get("content"), str):
            return f"the content of message {n} is no text but {json.dumps(m.get('content'), default=str)[:40]}"
        if m.get("tool_calls") and not _named(m["tool_calls"]):
            return f"the calls of message {n} are no list of functions with a name but {json.dumps(m['tool_calls'], default=str)[:40]}"
    if not ORDER[last].fullmatch("".join(m["role"][0] for m in messages)):
        return f"roles {[m['role'] for m in messages]} do not alternate, or do not end with the {last}"
    return None


def _named(calls):
    """Whether calls of tools are what a template can show, under "function" or not."""
    said = [call.get("function", call) if isinstance(call, dict) else None for call in calls] if isinstance(calls, list) else [None]
    return all(isinstance(one, dict) and isinstance(one.get("name"), str) and one["name"] for one in said)


# --- what is left out, and why --------------------------------------------------------------------------------------------------------
def untold(rows, asked):
    """The lessons of which no question is asked in a task. asked: as `exams.questions` gives them."""
    said = lambda row: {exams.plain(m["content"]) for m in (*row.get("messages", ()), *row.get("prompt", ())) if m["role"] == "user"}  # noqa: E731
    return [row for row in rows if not asked & said(row)]


def sound(rows, keep=()):
    """(rows worth teaching, {reason: how many were left out}); personal data are masked in what stays.

    Args:
        rows: conversations or pairs of the right shape.
        keep: what contains one of these is no personal data.
    """
    seen, kept, left_out = set(), [], Counter()
    for row in rows:
        clean = {k: _masked(v, keep) if k in PARTS else v for k, v in row.items()}
        if reason := _reason(clean, seen):
            left_out[reason] += 1
        else:
            kept.append(clean)
    return kept, dict(left_out.most_common())


def _masked(messages, keep):
    """Messages without personal data, in what is said and in what tools are called with."""
    called = lambda calls: {"tool_calls": personal.masked_calls(calls, keep)} if calls and _named(calls) else {}  # noqa: E731
    return [{**m, "content": personal.masked(m["content"], keep), **called(m.get("tool_calls"))} for m in messages]


def _reason(row, seen):
    parts = [row[k] for k in PARTS if k in row]
    if any(not m["content"].strip() and not m.get("tool_calls") for part in parts for m in part):
        return "an empty turn"
    if wrong := _fault(row["messages"], "assistant") if "messages" in row else _pair_fault(row):
        return "turns that do not alternate" if wrong.startswith("roles") else wrong
    if any(len(row[side]) != 1 for side in maskgate.sides(row)):
        return "answers of several turns, some of them the user's"
    if "messages" in row and not any(map(dialogue.taught, row["messages"])):
        return "no answer that is to be learnt: all have the weight 0"
    if "chosen" in row and row["chosen"] == row["rejected"]:
        return "both answers are equal"
    mark = json.dumps(parts)
    if mark in seen:
        return "a repetition"
    return seen.add(mark)


def fitting(tokenizer, rows, limit, what):
    """As `held`, of which at least one fits."""
    kept, left_out = held(tokenizer, rows, limit, what)
    check_some(len(kept), len(rows), limit, what)
    return kept, left_out


def held(tokenizer, rows, limit, what):
    """(conversations in tokens that fit into a window, {reason: how many were left out}): rows {"input_ids", "assistant_masks"}.

    TRL takes a dataset with these columns as tokenised and trains on nothing but what the mask marks. All of them pass the mask gate.
    """
    shown, refused, otherwise = _shown(rows, lambda row: dialogue.ids(tokenizer, row["messages"]))
    fit = [(row["messages"], {"input_ids": ids, "assistant_masks": mask}) for row, (ids, mask) in shown if len(ids) <= limit]
    broken = maskgate.lessons(tokenizer, [messages for messages, _ in fit], [row for _, row in fit], limit)
    odd = maskgate.passed(broken, what, maskgate.LESSONS, otherwise)
    kept = [row for (_, row), wrong in zip(fit, broken) if not wrong]
    return kept, {**unfit(refused, len(shown) - len(fit), limit), **odd}


def _shown(rows, encode):
    """([(row, what it is in tokens)], how many the template refuses, the errors of those that it shows otherwise than they were written)."""
    found, refused, otherwise = [], 0, []
    for row in rows:
        try:
            found.append((row, encode(row)))
        except jinja2.TemplateError:
            refused += 1
        except dialogue.Odd as error:
            otherwise.append(error)
    return found, refused, otherwise


def encoded(tokenizer, messages):
    """(ids, mask) of a conversation, None if the template refuses it, or shows it otherwise: some know no system turn, others no tools."""
    found, _, _ = _shown([messages], lambda row: dialogue.ids(tokenizer, row))
    return found[0][1] if found else None


def fitting_pairs(tokenizer, rows, limit, what):
    """(pairs in tokens of which both answers fit into a window, {reason: how many were left out}): {"prompt_ids", "chosen_ids", "rejected_ids"}, or
    {"prompt_ids", "completion_ids", "label"} of answers that were rated alone."""
    kept, left_out = held_pairs(tokenizer, rows, limit, what)
    check_some(len(kept), len(rows), limit, what)
    return [row for _, row in kept], left_out


def held_pairs(tokenizer, rows, limit, what):
    """([(pair, its tokens)] that fit into a window and pass the mask gate, {reason: how many were left out})."""
    shown, refused, otherwise = _shown(rows, lambda row: _pair_in_tokens(tokenizer, row))
    fit = [(pair, row) for pair, row in shown if length(row) <= limit]
    broken = maskgate.pairs(tokenizer, [pair for pair, _ in fit], [row for _, row in fit], limit)
    odd = maskgate.passed(broken, what, maskgate.PAIRS, otherwise)
    kept = [both for both, wrong in zip(fit, broken) if not wrong]
    return kept, {**unfit(refused, len(shown) - len(fit), limit), **odd}


def length(row):
    """Tokens of a pair's prompt and the longer of its answers."""
    return len(row["prompt_ids"]) + max(len(row[f"{side}_ids"]) for side in maskgate.SIDES if f"{side}_ids" in row)


def encoded_pair(tokenizer, row):
    """A pair in tokens, None if the template refuses it, or shows it otherwise than it was written."""
    found, _, _ = _shown([row], lambda pair: _pair_in_tokens(tokenizer, pair))
    return found[0][1] if found else None


def _pair_in_tokens(tokenizer, row):
    found = {side: dialogue.answered(tokenizer, row["prompt"] + row[side]) for side in maskgate.sides(row)}
    (prompt, _), *others = found.values()
    if any(other != prompt for other, _ in others):
        raise dialogue.Odd(
            "the template asks for the two answers of a pair differently: one of them brings thoughts of its own",
            "answers that both think before they speak, or neither",
            "grep -n '</think>' 2_dataset_engineering/preferences/train.jsonl",
        )
    label = {"label": row["label"]} if "label" in row else {}
    return {"prompt_ids": prompt, **{f"{side}_ids": said for side, (_, said) in found.items()}, **label}


def both(rows):
    """[(ids, mask)] of all chosen and then all rejected answers of pairs in tokens, or of those that were rated alone, each after its prompt."""
    return [
        (row["prompt_ids"] + row[f"{side}_ids"], [0] * len(row["prompt_ids"]) + [1] * len(row[f"{side}_ids"]))
        for side in maskgate.SIDES
        for row in rows
        if f"{side}_ids" in row
    ]


def unfit(refused, long, limit):
    """{reason: how many} of lessons that a template refused, or of which it passes over a call or what a tool says, and of those that are too long."""
    reasons = {"turns that the model's chat template has no place for": refused, f"longer than the window of {limit} tokens": long}
    return {reason: count for reason, count in reasons.items() if count}


def check_some(kept, total, limit, what):
    """Refuses lessons of which none fits, before anything is trained."""
    if not kept:
        raise UserError(
            f"none of the {total} {what} fits into the window of {limit} tokens",
            "some that do",
            f"llmlab run RUN -p context_length={2 * limit}   (or shorter {what})",
        )


def respelt(tokenizer, conversations):
    """How many answers of these lists of messages are taught with a blank in a special token that they spell."""
    return sum(dialogue.respelt(tokenizer, messages) for messages in conversations)


def respelt_pairs(tokenizer, pairs):
    """The same of pairs, and of answers that were rated alone."""
    return respelt(tokenizer, [pair[side] for pair in pairs for side in maskgate.sides(pair)])


def waterfall(name, kept, left_out, read=None, respelt=None):
    """A row that shows the conservation law: in = kept + left out; how much of what was kept a training looked at, and how much is not taught word by word.

    Args:
        read: how many it looked at, those that came again counted again; None where nothing is trained.
        respelt: answers that hold a special token, if they were counted.
    """
    return {
        "lessons": name,
        "in": kept + sum(left_out.values()),
        "kept": kept,
        **({} if read is None else {"read": f"{read:,} of them" if read <= kept else f"each {read / max(1, kept):.1f} times"}),
        "left out": sum(left_out.values()),
        "reasons": ", ".join(f"{reason} ({n:,})" for reason, n in left_out.items()) or "–",
    } | ({} if respelt is None else {"respelt": respelt})
