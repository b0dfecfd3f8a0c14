"""The mask gate: before a step is trained, every lesson is held against what must be true of it. A wrong mask is the most common silent bug of the
field: the loss looks fine, and the model learns to ask instead of to answer, never to stop, or nothing at all.

It looks at the tokens that the trainer is given, and makes them again from the conversation by another way: as text first.
"""

import itertools
import random

from llmlab.data import dialogue, tokens, typed
from llmlab.spine.errors import UserError

LESSONS = {
    "whole": "its tokens are those of the whole conversation: nothing was cut, added or shifted",
    "something": "something of it is trained on",
    "words": "what is trained on are the assistant's words, each turn with its end, and nothing else",
    "ends": "the end of every turn of the assistant that is taught is trained on",
    "asked": "each turn begins where the model will be asked for it: training shows what asking shows",
    "marks": "it holds as many marks of turns as the template puts there: none was typed",
    "once": "it begins once: no start of a text stands behind another",
    "fits": "it fits into the window",
}
PAIRS = {
    "asked": "both answers follow the prompt that the model is asked with",
    "differ": "the two answers differ",
    "answers": "each answer is its words and its end of turn, and nothing else",
    "marks": "it holds as many marks of turns as the template puts there: none was typed",
    "once": "it begins once: no start of a text stands behind another",
    "fits": "both answers fit into the window",
}
SIDES = ("chosen", "rejected", "completion")  # the answers of a pair, or the one that was rated alone


def lessons(tokenizer, conversations, rows, window):
    """[the first invariant that each lesson breaks, or None] of rows {"input_ids", "assistant_masks"}, in the order of their conversations."""
    shown = [dialogue.plain(tokenizer, messages) for messages in conversations]
    wholes = _tokenised(tokenizer, [dialogue.rendered(tokenizer, messages) for messages in shown])
    typed = _typed(tokenizer, shown, [row["input_ids"] for row in rows])
    each = zip(shown, wholes, typed, rows, strict=True)
    return [next(_broken(tokenizer, tokens.marks(tokenizer), window, *one), None) for one in each]


def _blank(message):
    """A message that says nothing, in its words or in the arguments of a tool's call."""
    return dialogue.with_calls({**message, "content": "x"}, lambda _, said: {**said, "arguments": {}})


def _tokenised(tokenizer, texts):
    """All at once, which a fast tokenizer does on every processor."""
    return tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []


def _typed(tokenizer, shown, found):
    """Whether each conversation has other marks than the template puts there: special tokens than where nobody says a word, and other control tokens, or text
    that the template writes between turns, than where the assistant alone does, which may think and call tools.

    Args:
        shown: messages as they are shown; found: the tokens of each.
    """
    names, control = tokenizer.added_tokens_decoder, typed.control(tokenizer)
    special = {i for i, token in names.items() if token.special}
    other = {i for i, token in names.items() if control.fullmatch(token.content)} - special
    bare = lambda keeps: [dialogue.rendered(tokenizer, [m if m["role"] == keeps else _blank(m) for m in messages]) for messages in shown]  # noqa: E731
    count = lambda ids, some: sum(i in some for i in ids)  # noqa: E731
    blank, quiet = _tokenised(tokenizer, bare(None)), _tokenised(tokenizer, bare("assistant")) if other else found
    odd = [count(ids, special) != count(b, special) or count(ids, other) != count(q, other) for ids, b, q in zip(found, blank, quiet)]
    if any(typed.written(tokenizer)):
        texts = (dialogue.rendered(tokenizer, messages) for messages in shown)
        odd = [o or len(control.findall(t)) != len(control.findall(q)) for o, t, q in zip(odd, texts, bare("assistant"))]
    return odd


def _broken(tokenizer, frame, window, messages, whole, typed, row):
    """The invariants that a lesson breaks, by name."""
    ids, mask = row["input_ids"], row["assistant_masks"]
    if list(ids) != list(whole) or len(mask) != len(ids):
        yield "whole"
    if not any(mask):
        yield "something"
    said = [m for m in messages if dialogue.taught(m)]
    runs = dialogue.runs(mask)
    turns = [tokenizer.decode(ids[a:b], skip_special_tokens=False, clean_up_tokenization_spaces=False) for a, b in runs]
    if len(turns) != len(said) or not all(dialogue.is_turn(tokenizer, t, m) for t, m in zip(turns, said)):
        yield "words"
    if not all(ids[end - 1] in frame.stops for _, end in runs):
        yield "ends"
    if runs and not _asked_alike(tokenizer, messages, ids, runs):
        yield "asked"
    if typed:
        yield "marks"
    if list(ids[:2]) == [frame.start] * 2:
        yield "once"
    if len(ids) > window:
        yield "fits"


def _asked_alike(tokenizer, messages, ids, runs):
    """Whether what stands before each trained turn is what the model is asked with, to the blank; a template may put thoughts before its last turn alone,
    as Qwen3's does, and where somebody's own thoughts are the turn's words it puts none there."""
    turns = [n for n, m in enumerate(messages) if dialogue.taught(m)]
    return all(list(ids[:start]) in _asked(tokenizer, messages[:n]) for n, (start, _) in zip(turns, runs))


def _asked(tokenizer, messages):
    """What may stand before an answer to these messages: what the model is asked with, and the same without what a template thinks by itself."""
    asked = dialogue.rendered(tokenizer, messages, add_generation_prompt=True)
    return _tokenised(tokenizer, [asked + dialogue.prelude(tokenizer), asked])


def sides(pair):
    """The names of the answers that a pair has; an answer that was rated alone is a pair of one."""
    return [side for side in SIDES if side in pair]


def pairs(tokenizer, given, rows, window):
    """[the first invariant that each pair breaks, or None] of rows {"prompt_ids", "chosen_ids", "rejected_ids"}, or {"prompt_ids", "completion_ids"} of an
    answer that was rated alone."""
    each = [
        (pair["prompt"] + pair[side], [*row["prompt_ids"], *row[f"{side}_ids"]]) for pair, row in zip(given, rows) for side in sides(pair)
    ]
    shown = [dialogue.plain(tokenizer, messages) for messages, _ in each]
    wholes = _tokenised(tokenizer, [dialogue.rendered(tokenizer, messages) for messages in shown])
    typed = iter(_typed(tokenizer, shown, [taught + whole[len(taught) :] for (_, taught), whole in zip(each, wholes)]))
    marked = [True in [next(typed) for _ in sides(pair)] for pair in given]
    return [next(_broken_pair(tokenizer, *one, window), None) for one in zip(given, rows, marked, strict=True)]


def _broken_pair(tokenizer, pair, row, typed, window):
    able = [row["prompt_ids"], *_asked(tokenizer, dialogue.plain(tokenizer, pair["prompt"]))]
    before, *wanted = (tokenizer.decode(ids, skip_special_tokens=False) for ids in able)
    answers = [list(row[f"{side}_ids"]) for side in sides(pair)]
    if before not in wanted:
        yield "asked"
    if len(answers) > 1 and answers[0] == answers[1]:
        yield "differ"
    if not all(_is_answer(tokenizer, pair[side], ids) for side, ids in zip(sides(pair), answers)):
        yield "answers"
    if typed:
        yield "marks"
    if list(row["prompt_ids"][:2]) == [tokens.marks(tokenizer).start] * 2:
        yield "once"
    if len(row["prompt_ids"]) + max(map(len, answers)) > window:
        yield "fits"


def _is_answer(tokenizer, messages, ids):
    text = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    message = dialogue.plain(tokenizer, messages)[-1]
    return dialogue.is_turn(tokenizer, text, message) and ids[-1] in tokens.marks(tokenizer).stops


def passed(broken, what, means, otherwise=()):
    """({reason: how many lessons are left out}) of those that are odd in themselves; a UserError if they are more than a few.

    Args:
        broken: as `lessons` or `pairs` gives it; what: its name in words; means: LESSONS or PAIRS.
        otherwise: the errors of those that the template shows otherwise than they were written, and that are not among the broken.
    """
    odd = [(n, name) for n, name in enumerate(broken) if name]
    if otherwise and dialogue.many(len(odd) + len(otherwise), len(broken) + len(otherwise)):
        raise otherwise[0]
    if dialogue.many(len(odd), len(broken)):
        n, name = odd[0]
        raise UserError(
            f"{len(odd)} of {len(broken)} {what} would be taught wrongly; of the {n + 1}. that fits it is not so that {means[name]}",
            "lessons of which all that notebook 5 lists is true; the tokenizer's own chat template may be at fault",
            "llmlab lab RUN   (notebook 5 shows the mask)",
        )
    counts = {name: sum(b == name for b in broken) for name in dict.fromkeys(name for _, name in odd)}
    counts = {f"not so that {means[name]}": count for name, count in counts.items()}
    return counts | ({"not so that the chat template shows it as it was written": len(otherwise)} if otherwise else {})


def collated(lessons, batch, trained, what):
    """Refuses a trainer that puts together another batch than its lessons: what a collator cuts, shifts or unmasks is seen in no lesson.

    Args:
        lessons: [(ids, mask)], in the order of the batch.
        batch: {"input_ids", "attention_mask"}, (B, T) each.
        trained: (B, T), whether a position is trained on.
    """
    rows = [batch[name].tolist() if name in batch else [] for name in ("input_ids", "attention_mask")]
    found = itertools.zip_longest(lessons, *rows, trained.tolist(), fillvalue=())  # packed ones are fewer
    for n, (lesson, row, shown, on) in enumerate(found, 1):
        ids, mask = lesson or ((), ())
        seen = [(token, bool(said)) for token, real, said in zip(row, shown, on) if real]
        if (
            not lesson
            or seen != [(token, bool(said)) for token, said in zip(ids, mask)]
            or any(said and not real for real, said in zip(shown, on))
        ):
            raise UserError(
                f"the trainer would be given something else than lesson {n} of the {what}",
                "a batch that holds each lesson whole, and trains on what the assistant says",
                "make .venv/.installed   (another version of TRL may put batches together in another way)",
            )


def tried(lengths):
    """Numbers of the lessons that a batch is tried on: the 8 longest, where a collator cuts, the 8 shortest, which it pads or packs, and 16 at random."""
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    some = random.Random(0).sample(order[8:-8], min(16, len(order[8:-8])))
    return list(dict.fromkeys([*order[:8], *order[-8:], *some]))


def drawn(asked, batch, stops):
    """Refuses a trainer that learns from other answers than those it drew to what it was asked: prompts are those of the gate, and of an answer is learnt from
    up to its first end of turn.

    Args:
        asked: ids of the prompts, in the order of the batch.
        batch: {"prompt_ids", "prompt_mask", "completion_ids", "completion_mask"}, (B, T) each, as TRL's trainers give it.
        stops: ids that end an answer.
    """
    columns = [batch[name].tolist() for name in ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask")]
    for n, (ids, prompt, shown, answer, on) in enumerate(zip(asked, *columns, strict=True), 1):
        before, said = ([token for token, real in zip(row, mask) if real] for row, mask in ((prompt, shown), (answer, on)))
        if before != list(ids) or any(token in stops for token in said[:-1]):
            raise UserError(
                f"the trainer would learn from something else than the answer to prompt {n} that it was asked",
                "prompts as the gate saw them, and answers up to their end of turn",
                "make .venv/.installed   (another version of TRL may put batches together in another way)",
            )


def told(broken, means, what="lessons"):
    """Rows {"what must be true", "lessons", "broken"} for the page."""
    return [{"what must be true": words, what: len(broken), "broken": sum(b == name for b in broken)} for name, words in means.items()]
