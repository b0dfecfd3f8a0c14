"""Wrong masks, planted: of four chat templates, lessons that are spoilt in the ways that are usual in the field, and which invariant of the mask gate catches each.

A bug is a function of a tokenizer: what the gate says of each conversation that it spoils, None where it lets one pass. They spoil a lesson (its tokens or its
mask), a batch (what a collator makes of lessons), or the code before both (the template, what is typed). `bench/posttraining.py RUN` prints them all, and
`tests/data/test_maskgate.py` holds each to the invariant that is named here.

One is no bug here: blanks behind the end of turn inside {% generation %} are not trained on, since `dialogue.ids` ends each turn at its end; a mask that
goes on behind it (`blank_after_end`) is caught.
"""

import contextlib
import copy
from unittest import mock

import torch
from tokenizers import AddedToken

from llmlab.data import dialogue, maskgate, tokens
from llmlab.evaluation import stats
from llmlab.spine.errors import UserError

WINDOW, BATCH = 512, "a batch unlike its lessons"
user = lambda text: {"role": "user", "content": text}  # noqa: E731
bot = lambda text: {"role": "assistant", "content": text}  # noqa: E731
system = {"role": "system", "content": "Be kind."}
TALKS = [
    [user("What does it cost?"), bot("It costs 5 dollars.")],
    [user("Hello"), bot("Good day!"), user("Is <|end|> a mark?"), bot("Yes, <|end|> is one.")],
    [system, user("And you?"), bot("I am well.")],
    [system, user("Is it so?"), bot("It is so."), user("And then?"), bot("Then it is well."), user("Good."), bot("Good day to you!")],
]
TEMPLATES = {
    "ours": tokens.TEMPLATE,
    "chatml": "{% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
    "marked": "{% for m in messages %}{% if m.role == 'assistant' %}<|assistant|>{% generation %}{{ m.content }}<|end|>{% endgeneration %}{% else %}<|user|>{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "inst": "{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}<|end|>{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}",
}


def taught(tokenizer, talk):
    """A conversation as a lesson."""
    ids, mask = dialogue.ids(tokenizer, talk)
    return {"input_ids": list(ids), "assistant_masks": list(mask)}


# --- bugs of a lesson: they spoil a row, and say False where there is nothing to spoil -----------------------------------------------------
def no_end(row, tokenizer, talk):
    row["assistant_masks"][_last(row)] = 0


def trains_the_question(row, tokenizer, talk):
    row["assistant_masks"] = [1] * len(row["input_ids"])


def trains_the_system(row, tokenizer, talk):
    if talk[0]["role"] != "system":
        return False
    said = len(tokenizer(dialogue.rendered(tokenizer, talk[:1]), add_special_tokens=False)["input_ids"])
    row["assistant_masks"][:said] = [1] * said


def only_the_last_turn(row, tokenizer, talk):
    *others, _ = dialogue.runs(row["assistant_masks"])
    for start, end in others:
        row["assistant_masks"][start:end] = [0] * (end - start)
    return bool(others)


def shifted(row, tokenizer, talk):
    row["assistant_masks"] = [0, *row["assistant_masks"][:-1]]


def nothing(row, tokenizer, talk):
    row["assistant_masks"] = [0] * len(row["input_ids"])


def half(row, tokenizer, talk):
    on = [n for n, m in enumerate(row["assistant_masks"]) if m]
    for n in on[: len(on) // 2]:
        row["assistant_masks"][n] = 0


def only_the_last_word(row, tokenizer, talk):
    row["assistant_masks"] = [int(n == _last(row)) for n in range(len(row["input_ids"]))]


def blank_after_end(row, tokenizer, talk):
    after = [
        end for _, end in dialogue.runs(row["assistant_masks"]) if not tokenizer.decode(row["input_ids"][end : end + 1] or [0]).strip()
    ]
    for n in after:
        row["assistant_masks"][n] = 1
    return bool(after)


def cut(row, tokenizer, talk):
    row["input_ids"], row["assistant_masks"] = row["input_ids"][:-3], row["assistant_masks"][:-3]


def doubled_start(row, tokenizer, talk):
    _put(row, 0, [tokens.marks(tokenizer).start] * 2)


def lost_token(row, tokenizer, talk):
    del row["input_ids"][2], row["assistant_masks"][2]


def typed_mark(row, tokenizer, talk):
    _put(row, 3, [tokenizer.convert_tokens_to_ids("<|end|>")])


def typed_end(row, tokenizer, talk):
    _put(row, row["assistant_masks"].index(1), [tokenizer.convert_tokens_to_ids("<|end|>")])


def another_template(row, tokenizer, talk):
    row["input_ids"] = tokenizer(" ".join(tokenizer.decode(row["input_ids"]).split()) + " ", add_special_tokens=False)["input_ids"]
    row["assistant_masks"] = (row["assistant_masks"] + [0] * 99)[: len(row["input_ids"])]


def too_short_a_mask(row, tokenizer, talk):
    row["assistant_masks"] = row["assistant_masks"][:-1]


def packed(row, tokenizer, talk):
    other = taught(tokenizer, TALKS[0])
    row["input_ids"], row["assistant_masks"] = row["input_ids"] + other["input_ids"], row["assistant_masks"] + other["assistant_masks"]


def _last(row):
    return max(n for n, m in enumerate(row["assistant_masks"]) if m)


def _put(row, at, ids):
    row["input_ids"][at:at], row["assistant_masks"][at:at] = ids, [0] * len(ids)


# --- bugs of a batch: (batch, what is trained on) of one that is right -----------------------------------------------------------------------
def end_is_padding(batch, said, pad):
    """The padding is the end of turn, and whoever masks the padding masks every end."""
    return batch, said * (batch["input_ids"] != pad)


def packed_batch(batch, said, pad):
    """All lessons in one row, one behind the other."""
    real = batch["attention_mask"].bool()
    return {name: of[real][None] for name, of in batch.items()}, said[real][None]


def cut_batch(batch, said, pad):
    return {name: of[:, :-1] for name, of in batch.items()}, said[:, :-1]


def shifted_batch(batch, said, pad):
    return batch, said.roll(1, 1)


def unmasked_batch(batch, said, pad):
    return batch, batch["attention_mask"]


def padding_trained(batch, said, pad):
    return batch, said | (1 - batch["attention_mask"])


def another_order(batch, said, pad):
    return {**batch, "input_ids": batch["input_ids"].flip(0)}, said.flip(0)


def batched(rows, pad):
    """({"input_ids", "attention_mask"}, what is trained on) of lessons, padded on the right."""
    fill = lambda of, value: torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in of], batch_first=True, padding_value=value)  # noqa: E731
    ids, real = fill([r["input_ids"] for r in rows], pad), fill([[1] * len(r["input_ids"]) for r in rows], 0)
    return {"input_ids": ids, "attention_mask": real}, fill([r["assistant_masks"] for r in rows], 0)


# --- bugs of the code before: (a spoilt tokenizer, conversations) ------------------------------------------------------------------------------
@contextlib.contextmanager
def begun_twice(tokenizer):
    """The template writes the start of a text twice."""
    start = "{{ bos_token }}"
    tokenizer.chat_template = start * (2 - tokenizer.chat_template.startswith(start)) + tokenizer.chat_template
    yield tokenizer, TALKS


@contextlib.contextmanager
def special_token_typed(tokenizer):
    """What people type is not disarmed."""
    with mock.patch.object(dialogue, "_disarmed", lambda special, text: text):
        yield tokenizer, _typed("<|end|>")


@contextlib.contextmanager
def control_token_typed(tokenizer):
    """As Qwen's: a token that the template writes around calls of tools, and that is not called special. What people type is not disarmed."""
    with mock.patch.object(dialogue, "_disarmed", lambda special, text: text):
        yield with_tools(tokenizer), _typed("<tool_call>")


@contextlib.contextmanager
def written_mark_typed(tokenizer):
    """As Llama 2's: what the template writes between turns is text, and no token of its own. What people type is not disarmed."""
    tokenizer.chat_template = TEMPLATES["inst"]
    with mock.patch.object(dialogue, "_disarmed", lambda special, text: text):
        yield tokenizer, _typed("[/INST]")


@contextlib.contextmanager
def asked_otherwise(tokenizer):
    """Asking shows more before an answer than training did."""
    rendered = dialogue.rendered
    asking = lambda t, m, **how: rendered(t, m, **how) + ("\nWell: " if how.get("add_generation_prompt") else "")  # noqa: E731
    with mock.patch.object(dialogue, "rendered", asking):
        yield tokenizer, TALKS


def with_tools(tokenizer):
    """A tokenizer whose template calls tools by a token that is not called special."""
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    tokenizer.chat_template = "{% if tools %}<tool_call>{% endif %}" + tokenizer.chat_template
    return tokenizer


def _typed(mark):
    return [
        [user(f"Is {mark} it?"), bot("Yes.")],
        [{"role": "system", "content": f"Say {mark}."}, user("So?"), bot("No."), user("And so?"), bot("Yes.")],
        [system, user("So?"), bot("No."), user(f"And {mark}?"), bot("Yes.")],
    ]


# --- what the gate says ----------------------------------------------------------------------------------------------------------------------
def of_lesson(spoil):
    def found(tokenizer):
        rows = [(talk, taught(tokenizer, talk)) for talk in TALKS]
        spoilt = [(talk, row) for talk, row in rows if spoil(row, tokenizer, talk) is not False]
        return maskgate.lessons(tokenizer, *zip(*spoilt), WINDOW) if spoilt else []

    return found


def of_batch(spoil):
    def found(tokenizer):
        rows = [taught(tokenizer, talk) for talk in TALKS]
        end = tokenizer.convert_tokens_to_ids("<|end|>")
        lessons = [(row["input_ids"], row["assistant_masks"]) for row in rows]
        try:
            maskgate.collated(lessons, *spoil(*batched(rows, end), end), "conversations")
        except UserError:
            return [BATCH]
        return [None]

    return found


def of_code(spoil):
    def found(tokenizer):
        with spoil(copy.deepcopy(tokenizer)) as (spoilt, talks):
            return maskgate.lessons(spoilt, talks, [_as_before(spoil, spoilt, tokenizer, talk) for talk in talks], WINDOW)

    return found


def _as_before(spoil, spoilt, tokenizer, talk):
    """A lesson by the spoilt code; where asking alone is spoilt, by the code as it was."""
    if spoil is not asked_otherwise:
        return taught(spoilt, talk)
    with mock.patch.object(dialogue, "rendered", RENDERED):
        return taught(tokenizer, talk)


RENDERED = dialogue.rendered
CAUGHT = {
    of_lesson: {
        **dict.fromkeys((no_end, trains_the_question, trains_the_system, only_the_last_turn, shifted, half, only_the_last_word), "words"),
        **dict.fromkeys((cut, doubled_start, lost_token, typed_mark, typed_end, another_template, too_short_a_mask, packed), "whole"),
        nothing: "something",
        blank_after_end: "ends",
    },
    of_batch: dict.fromkeys(
        (end_is_padding, packed_batch, cut_batch, shifted_batch, unmasked_batch, padding_trained, another_order), BATCH
    ),
    of_code: {
        begun_twice: "once",
        **dict.fromkeys((special_token_typed, control_token_typed, written_mark_typed), "marks"),
        asked_otherwise: "asked",
    },
}
BUGS = {spoil.__name__: (kind(spoil), name) for kind, bugs in CAUGHT.items() for spoil, name in bugs.items()}


def table(tokenizer):
    """Rows (name, value, interval, n, aim, holds): clean lessons that the gate refuses, the share of each bug that it catches and by which invariant, and of all."""
    everything, tokenizer = [], copy.deepcopy(tokenizer)
    told = lambda name, value, n, aim, holds, ends=None: dict(name=name, value=value, interval=ends, n=n, aim=aim, holds=holds)  # noqa: E731
    for template, text in TEMPLATES.items():
        tokenizer.chat_template = text
        refused = sum(map(bool, maskgate.lessons(tokenizer, TALKS, [taught(tokenizer, t) for t in TALKS], WINDOW)))
        yield told(f"mask gate, {template}: clean lessons that are refused", refused, len(TALKS), "0", not refused)
        for bug, (found, name) in BUGS.items():
            if said := found(tokenizer):
                right = [float(one == name) for one in said]
                everything += right
                by = ", ".join(sorted({repr(one) if one else "nothing" for one in said}))
                yield told(f"    {template}: {bug}, by {by}", sum(right) / len(right), len(right), name, all(right))
    all_ = stats.interval(everything)
    yield told("mask gate: planted bugs that are caught", all_["score"], all_["n"], "1", all_["score"] == 1, (all_["low"], all_["high"]))
