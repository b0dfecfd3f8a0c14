"""The mask gate: before a step is trained, every lesson is held against what must be true of it. A wrong mask is the most common silent bug of the
field: the loss looks fine, and the model learns to ask instead of to answer, never to stop, or nothing at all.

It looks at the tokens that the trainer is given, not at how they were made, so that it catches what any code before it did wrong.
"""

from collections import Counter

from llmlab.data import dialogue, tokens
from llmlab.spine.errors import UserError

INVARIANTS = {
    "whole": "the tokens are those of the whole conversation: nothing was cut, added or shifted",
    "something": "something is trained on",
    "words": "what is trained on are the assistant's words, each turn with its end, and nothing else",
    "ends": "the end of every turn of the assistant is trained on",
    "begins": "the mask begins where the model will be asked to speak: training shows what asking shows",
    "no marks": "no special token stands inside what a person or the assistant wrote",
    "fits": "it fits into the window",
    "one start": "it begins with the start of a text at most once",
}
PAIR_INVARIANTS = {
    "shared": "both answers follow the same prompt, which is what the model is asked with",
    "differ": "the two answers differ in their tokens",
    "answers": "each answer is its words and its end of turn, and nothing else",
    "fits": "both fit into the window",
}


def lessons(tokenizer, conversations, rows, window):
    """{invariant: numbers of the lessons that break it} of all rows {"input_ids", "assistant_masks"}, in the order of their conversations."""
    broken = {name: [] for name in INVARIANTS}
    for n, (messages, row) in enumerate(zip(conversations, rows, strict=True)):
        for name in _broken(tokenizer, messages, row, window):
            broken[name].append(n)
    return broken


def _broken(tokenizer, messages, row, window):
    ids, mask, frame = row["input_ids"], row["assistant_masks"], tokens.marks(tokenizer)
    shown = dialogue.plain(tokenizer, messages)
    whole = tokenizer(dialogue.rendered(tokenizer, shown), add_special_tokens=False)["input_ids"]
    if list(ids) != list(whole) or len(mask) != len(ids):
        yield "whole"
    if not any(mask):
        yield "something"
    said = [m for m in shown if m["role"] == "assistant"]
    runs = [ids[a:b] for a, b in dialogue.runs(mask)]
    turns = [tokenizer.decode(run, skip_special_tokens=False, clean_up_tokenization_spaces=False) for run in runs]
    if len(turns) != len(said) or not all(dialogue.is_turn(tokenizer, *both) for both in zip(turns, said)):
        yield "words"
    if sum(any(i in frame.stops for i in run) for run in runs) < len(said):
        yield "ends"
    if any(mask) and (first := mask.index(1)) and not _asked_alike(tokenizer, messages, ids, first):
        yield "begins"
    special = set(tokenizer.all_special_ids)
    if any(special & set(tokenizer(m["content"], add_special_tokens=False)["input_ids"]) for m in shown if m["content"]):
        yield "no marks"
    if len(ids) > window:
        yield "fits"
    if list(ids[:2]) == [frame.start] * 2:
        yield "one start"


def _asked_alike(tokenizer, messages, ids, first):
    """Whether the tokens before the first trained one are those with which the model is asked for that turn."""
    turn = next(n for n, m in enumerate(messages) if m["role"] == "assistant")
    asked, _ = dialogue.ids(tokenizer, messages[:turn], answer=True)
    return list(ids[:first]) == list(asked)


def pairs(tokenizer, given, rows, window):
    """{invariant: numbers of the pairs that break it} of rows {"prompt_ids", "chosen_ids", "rejected_ids"}."""
    broken = {name: [] for name in PAIR_INVARIANTS}
    for n, (pair, row) in enumerate(zip(given, rows, strict=True)):
        asked, _ = dialogue.ids(tokenizer, pair["prompt"], answer=True)
        if list(row["prompt_ids"]) != list(asked):
            broken["shared"].append(n)
        if list(row["chosen_ids"]) == list(row["rejected_ids"]):
            broken["differ"].append(n)
        if not all(_is_answer(tokenizer, pair[side], row[f"{side}_ids"]) for side in ("chosen", "rejected")):
            broken["answers"].append(n)
        if len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) > window:
            broken["fits"].append(n)
    return broken


def _is_answer(tokenizer, messages, ids):
    text = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return dialogue.is_turn(tokenizer, text, dialogue.plain(tokenizer, messages)[-1]) and ids[-1] in tokens.marks(tokenizer).stops


def refuse(broken, what, means=None):
    """A UserError that names the first invariant that is broken, how often, and where; nothing if all hold."""
    means = means or {**INVARIANTS, **PAIR_INVARIANTS}
    for name, numbers in broken.items():
        if numbers:
            count = Counter({k: len(v) for k, v in broken.items() if v})
            raise UserError(
                f"{len(numbers)} of the {what} would be taught wrongly, the first is line {numbers[0] + 1}: it is not so that {means[name]}",
                "lessons of which all of this holds: " + ", ".join(f"{k} ({n} broken)" for k, n in count.items()),
                "look at the mask in notebook 5; a chat template of the tokenizer's own may be at fault",
            )


def told(broken, count):
    """Rows {"what must be true", "lessons", "broken"} for the page."""
    means = {**INVARIANTS, **PAIR_INVARIANTS}
    return [{"what must be true": means[name], "lessons": count, "broken": len(numbers)} for name, numbers in broken.items()]
