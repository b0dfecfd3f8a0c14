"""Conversations in tokens: a tokenizer's own chat template, and which of its tokens the assistant says.

The mask comes from the template's generation marks or, where it has none, from rendering the conversation turn by turn. Either is checked on
the data: what is trained on must be the assistant's words and its end of turn, and nothing else, or the template is refused.
"""

import re

from llmlab.data import lookup
from llmlab.spine.errors import UserError

PROBE = [{"role": "user", "content": "Is it so?"}, {"role": "assistant", "content": "It is so"}]
MARKED = re.compile(r"\{%-?\s*generation\b")


def ids(tokenizer, messages, answer=False):
    """(ids, mask) of a conversation; mask is 1 on what the assistant says. With `answer`, up to where its turn begins, and no mask."""
    safe = plain(tokenizer, messages)
    if answer:
        return tokenizer.apply_chat_template(safe, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"], None
    if MARKED.search(tokenizer.get_chat_template()):
        out = tokenizer.apply_chat_template(safe, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        return out["input_ids"], out["assistant_masks"]
    return _by_prefixes(tokenizer, safe)


def plain(tokenizer, messages):
    """Messages as the model is shown them: with what they look up beside them, and with special tokens that somebody typed as text, since
    `<|end|>` in a question must not end the turn."""
    special, shelf = _special(tokenizer), lookup.shelf(tokenizer)
    return [{**m, "content": _disarmed(special, m["content"])} for m in (shelf.beside(messages) if shelf else messages)]


def _special(tokenizer):
    """A pattern of all special tokens, kept with the tokenizer."""
    texts = [t.content for t in tokenizer.added_tokens_decoder.values() if t.special]
    known = getattr(tokenizer, "_llmlab_special", None)
    if known is None or known[0] != len(texts):
        pattern = re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or r"(?!)")
        known = tokenizer._llmlab_special = (len(texts), pattern)
    return known[1]


def _disarmed(special, text):
    return special.sub(lambda m: f"{m[0][0]} {m[0][1:]}", text)


def rendered(tokenizer, messages, **how):
    return tokenizer.apply_chat_template(messages, tokenize=False, **how)


def _by_prefixes(tokenizer, messages):
    """(ids, mask) where the template marks nothing: what rendering adds for each turn of the assistant."""
    text = rendered(tokenizer, messages)
    out = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    mask = [0] * len(out["input_ids"])
    for start, end in (_span(tokenizer, text, messages, n) for n, m in enumerate(messages) if m["role"] == "assistant"):
        inside = [i for i, (left, right) in enumerate(out["offset_mapping"]) if start <= left < right <= end]
        for i in range(inside[0], inside[-1] + 1):  # a token of spaces alone may be said to be nowhere
            mask[i] = 1
    return out["input_ids"], mask


def _span(tokenizer, text, messages, n):
    """(start, end) in a rendered conversation of what the assistant says in its n-th message, its end of turn included."""
    before, said = rendered(tokenizer, messages[:n], add_generation_prompt=True), messages[n]["content"].strip()
    rest = text[len(before) :] if text.startswith(before) else ""
    at = len(before) + len(rest) - len(rest.lstrip())
    if not text.startswith(said, at) or not rest:
        raise _refused(tokenizer, f"a turn of the assistant renders as {text[max(0, len(before) - 20) :][:80]!r}")
    end = at + len(said)
    mark = _special(tokenizer).match(text, end + len(text[end:]) - len(text[end:].lstrip()))
    if mark is None:
        raise _refused(tokenizer, "no special token ends a turn of the assistant")
    return at, mark.end()


def _refused(tokenizer, why):
    return UserError(
        f"the chat template of this tokenizer does not show what the assistant says: {why}",
        "a template that renders the turns one after the other, each ended by a special token; without any template, llmlab's own is used",
        "remove chat_template from the tokenizer's folder (chat_template.jinja, tokenizer_config.json)",
    )


def end_of_turn(tokenizer):
    """The id of the token that ends a turn of the assistant, None if there is none."""
    text = rendered(tokenizer, PROBE)
    at = text.rfind(PROBE[1]["content"])
    found = _special(tokenizer).match(text[at + len(PROBE[1]["content"]) :].lstrip()) if at >= 0 else None
    return tokenizer.convert_tokens_to_ids(found[0]) if found else None


def check(tokenizer, conversations, most=300):
    """Raises UserError if what is marked in some of the conversations is not the assistant's words, each with an end of turn."""
    import jinja2

    if not tokenizer.chat_template:
        raise UserError(
            "the tokenizer has no chat template", "llmlab's own, which phase 1 gives a model without one", "llmlab run RUN --from 1"
        )
    stop = end_of_turn(tokenizer)
    chosen = (
        sorted(conversations, key=lambda messages: sum(len(m["content"]) for m in messages))[-most // 2 :]
        + list(conversations)[: most // 2]
    )
    for messages in chosen:
        try:
            found, mask = ids(tokenizer, messages)
        except jinja2.TemplateError:  # a turn that this template has no place for is counted where lessons are chosen
            continue
        marked = tokenizer.decode(
            [i for i, said in zip(found, mask) if said], skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        end = tokenizer.convert_ids_to_tokens(stop) if stop is not None else ""
        wanted = [m["content"].strip() + end for m in plain(tokenizer, messages) if m["role"] == "assistant"]
        if _apart(marked, end) != _apart("".join(wanted), end):
            raise _refused(tokenizer, f"the tokens to train on read {marked[:80]!r}, and not {''.join(wanted)[:80]!r}")


def _apart(text, end):
    """What is said turn by turn; blanks at its ends, which templates trim or leave, do not count."""
    return [turn.strip() for turn in text.split(end)] if end else [text.strip()]
