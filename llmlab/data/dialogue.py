"""Conversations in tokens: a tokenizer's own chat template, and which of its tokens the assistant says.

The mask comes from the template's generation marks or, where it has none, from rendering the conversation turn by turn. Either is checked on
the data: what is trained on must be the assistant's words and its end of turn, and nothing else, or the template is refused.
"""

import datetime
import re

import jinja2

from llmlab.data import lookup, typed
from llmlab.spine.errors import UserError

PROBE = [{"role": "user", "content": "Is it so?"}, {"role": "assistant", "content": "It is so"}]
MARKED = re.compile(r"\{%-?\s*generation\b")
TODAY = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")
DAY = datetime.date(2024, 7, 26)  # what a template says of today: a fixed day, or tomorrow's model would be another
FEW = 0.02  # share of lessons that may be odd in themselves and are left out; more is a fault of the template, or of the code before it


class Odd(UserError):
    """A conversation whose template does not show what the assistant says in it."""


class Unshown(jinja2.TemplateError):
    """A tool's call, or what the tool says, that the template passes over without a word: it has no place for it, like one that raises its own errors."""


def ids(tokenizer, messages, answer=False):
    """(ids, mask) of a conversation; mask is 1 on what the assistant says, but for what has the weight 0. With `answer`, up to where its turn begins, and no mask."""
    safe = plain(tokenizer, messages)
    if answer:
        text = rendered(tokenizer, safe, add_generation_prompt=True) + prelude(tokenizer)
        return tokenizer(text, add_special_tokens=False)["input_ids"], None
    _all_shown(tokenizer, safe)
    if MARKED.search(tokenizer.get_chat_template()):
        out = rendered(tokenizer, safe, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        found, mask = out["input_ids"], _ended(tokenizer, out["input_ids"], out["assistant_masks"])
    else:
        found, mask = _by_prefixes(tokenizer, safe)
    return found, _weighed(messages, mask)


def taught(message):
    """Whether a message is one of the assistant's that is learnt: a weight of 0 says that it stands there to be answered, and not to be repeated."""
    return message["role"] == "assistant" and message.get("weight", 1) != 0


def _weighed(messages, mask):
    """A mask without the turns of the assistant that are not taught; one that does not show every turn stays, and is refused as it is."""
    said, stretches = [m for m in messages if m["role"] == "assistant"], runs(mask)
    for message, (start, end) in zip(said, stretches) if len(said) == len(stretches) else ():
        if not taught(message):
            mask[start:end] = [0] * (end - start)
    return mask


def calls(message):
    """What a message calls, each {"name", "arguments"}, whether it stands under "function" or not."""
    return [call.get("function", call) for call in message.get("tool_calls") or ()]


def with_calls(message, change):
    """A message as `plain` gives it, whose calls are changed by a function of their number and of what they call."""
    changed = [{**call, "function": change(n, call["function"])} for n, call in enumerate(message.get("tool_calls") or ())]
    return {**message, **({"tool_calls": changed} if changed else {})}


def _all_shown(tokenizer, messages):
    """Raises Unshown if a call, or what a tool says, could be another and the conversation would look the same."""
    told = [n for n, m in enumerate(messages) if m["role"] == "tool" or m.get("tool_calls")]
    whole = rendered(tokenizer, messages) if told else ""
    for n in told:
        if whole in (rendered(tokenizer, [*messages[:n], other, *messages[n + 1 :]]) for other in _others(messages[n])):
            raise Unshown(f"the chat template does not show all of message {n + 1}, by the {messages[n]['role']}")


def _others(message):
    """A message that calls something else, call by call; or says something else."""
    for n in range(len(calls(message))):
        yield with_calls(message, lambda k, said, n=n: {**said, "name": f"{said.get('name')}_"} if k == n else said)
    if message["role"] == "tool":
        yield {**message, "content": message["content"] + " ?"}


def _ended(tokenizer, found, mask):
    """A mask whose stretches each end with their last special token: what a template marks behind the end of turn is never generated."""
    special, mask = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}, list(mask)
    for start, end in runs(mask):
        last = next((n for n in range(end - 1, start - 1, -1) if found[n] in special), end - 1)
        mask[last + 1 : end] = [0] * (end - last - 1)
    return mask


def answered(tokenizer, messages):
    """(ids before, ids of) what the assistant says last, up to its end of turn; what a template puts after that is left out."""
    found, mask = ids(tokenizer, messages)
    if not any(mask):
        raise _refused(tokenizer, "nothing in a conversation is said by the assistant")
    start, end = runs(mask)[-1]
    return found[:start], found[start:end]


def runs(mask):
    """[(start, end)] of the stretches that a mask marks."""
    edges = [i for i, (before, now) in enumerate(zip([0, *mask], [*mask, 0])) if before != now]
    return list(zip(edges[::2], edges[1::2]))


def plain(tokenizer, messages):
    """Messages as the model is shown them: with what they look up beside them, and with marks that somebody typed as text, since
    `<|end|>` in a question must not end the turn. Calls stand under "function", where templates look for them."""
    special, others, shelf = typed.special(tokenizer), typed.control(tokenizer), lookup.shelf(tokenizer)
    mine = lambda m: special if m["role"] == "assistant" else others  # noqa: E731
    shown = shelf.beside(messages) if shelf else messages
    told = [{k: v if k == "role" else _disarmed(mine(m), v) for k, v in m.items()} for m in shown]
    wrapped = lambda said: [call if "function" in call else {"type": "function", "function": call} for call in said]  # noqa: E731
    return [m | {"tool_calls": wrapped(m["tool_calls"])} if m.get("tool_calls") else m for m in told]


def respelt(tokenizer, messages):
    """How many of the assistant's messages hold a special token, which is taught with a blank in it: `<s>` in code becomes `< s>`."""
    special = typed.special(tokenizer)
    return sum(_disarmed(special, m) != m for m in messages if m["role"] == "assistant")


def _disarmed(special, value):
    """A text whose marks are spelt with a blank; also deep inside, where the arguments of a tool's call stand."""
    if isinstance(value, dict):
        return {k: _disarmed(special, v) for k, v in value.items()}
    if isinstance(value, list):
        return [_disarmed(special, v) for v in value]
    return special.sub(lambda m: f"{m[0][0]} {m[0][1:]}", value) if isinstance(value, str) else value


def rendered(tokenizer, messages, tokenize=False, **how):
    """A conversation as the template shows it, to one that takes them with the `tools` that its first message brings along."""
    template = TODAY.sub(lambda m: repr(DAY.strftime(m[2])), tokenizer.get_chat_template())
    if tools := next((m["tools"] for m in messages if m.get("tools")), None):
        messages = [{k: v for k, v in m.items() if k != "tools"} for m in messages]
    return tokenizer.apply_chat_template(messages, tools=tools, chat_template=template, tokenize=tokenize, **how)


def prelude(tokenizer):
    """What a template puts between the turn's opening and the assistant's words, as Qwen3's empty thoughts: part of what is asked."""
    known = getattr(tokenizer, "_llmlab_prelude", None)
    if known is None or known[0] != tokenizer.chat_template:
        text, before = rendered(tokenizer, PROBE), rendered(tokenizer, PROBE[:1], add_generation_prompt=True)
        at = text.rfind(PROBE[1]["content"])
        gap = text[len(before) : at] if at >= 0 and text.startswith(before) else ""
        known = tokenizer._llmlab_prelude = (tokenizer.chat_template, gap if gap.strip() else "")
    return known[1]


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
    """(start, end) in a rendered conversation of what the assistant says in its n-th message, its end of turn included.

    Blanks that come before its words and were not asked with are said by it too.
    """
    before, said = rendered(tokenizer, messages[:n], add_generation_prompt=True), messages[n]["content"].strip()
    start = len(before) + (len(prelude(tokenizer)) if text.startswith(prelude(tokenizer), len(before)) else 0)
    words = _after_blanks(text, start)
    if not text.startswith(before) or not text.startswith(said, words):
        raise _refused(tokenizer, f"a turn of the assistant renders as {text[max(0, len(before) - 20) :][:80]!r}")
    end = words + len(said)
    special = typed.special(tokenizer)
    if messages[n].get("tool_calls"):  # among which other special tokens may stand
        turn = rendered(tokenizer, messages[: n + 1])
        mark = (list(special.finditer(turn, end)) or [None])[-1] if text.startswith(turn.rstrip()) else None
    else:
        mark = special.match(text, _after_blanks(text, end))
    if mark is None:
        raise _refused(tokenizer, "no special token ends a turn of the assistant")
    return start, mark.end()


def _after_blanks(text, at):
    return len(text) - len(text[at:].lstrip())


def _refused(tokenizer, why):
    return Odd(
        f"the chat template of this tokenizer does not show what the assistant says: {why}",
        "a template that renders the turns one after the other, each ended by a special token; without any template, llmlab's own is used",
        "rm chat_template.jinja   (or chat_template in tokenizer_config.json, in the tokenizer's folder)",
    )


def end_of_turn(tokenizer):
    """The id of the token that ends a turn of the assistant, None if there is none."""
    text = rendered(tokenizer, PROBE)
    at = text.rfind(PROBE[1]["content"])
    found = typed.special(tokenizer).match(text[at + len(PROBE[1]["content"]) :].lstrip()) if at >= 0 else None
    return tokenizer.convert_tokens_to_ids(found[0]) if found else None


def many(odd, total):
    """Whether so many odd lessons are more than a few: a fault then, and not theirs."""
    return odd > max(1, FEW * total)


def check(tokenizer, conversations, most=300):
    """Raises UserError if what is marked in more than a few of the conversations, or in all, is not the assistant's words, each with an end of turn."""
    if not tokenizer.chat_template:
        raise UserError(
            "the tokenizer has no chat template", "llmlab's own, which phase 1 gives a model without one", "llmlab run RUN --from 1"
        )
    longest = sorted(conversations, key=lambda messages: sum(len(m["content"]) for m in messages))[-most // 2 :]
    looked_at, odd = {id(messages): messages for messages in (*longest, *list(conversations)[: most // 2])}, []
    for n, messages in list(looked_at.items()):
        try:
            _check(tokenizer, messages)
        except jinja2.TemplateError:  # a turn that this template has no place for is counted where lessons are chosen
            del looked_at[n]
        except Odd as error:
            odd.append(error)
    if odd and (len(odd) == len(looked_at) or many(len(odd), len(looked_at))):
        raise odd[0]


def _check(tokenizer, messages):
    """Raises Odd if what is marked in a conversation is not the assistant's words, each with an end of turn."""
    found, mask = ids(tokenizer, messages)
    marked = [tokenizer.decode(found[a:b], skip_special_tokens=False, clean_up_tokenization_spaces=False) for a, b in runs(mask)]
    wanted = [m for m in plain(tokenizer, messages) if taught(m)]
    if len(marked) != len(wanted) or not all(is_turn(tokenizer, *both) for both in zip(marked, wanted)):
        words = "".join(m["content"] for m in wanted)
        raise _refused(tokenizer, f"the tokens to train on read {''.join(marked)[:80]!r}, and not {words[:80]!r}")


def is_turn(tokenizer, text, message):
    """Whether a text is the words of a message and a special token; blanks around them, which templates trim or leave, do not count, nor does what the
    tokenizer's own normaliser changes: some join accents to their letters."""
    both = message["content"].strip(), text.strip()
    normal = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    spelt = [both] if normal is None else [both, tuple(normal.normalize_str(one).strip() for one in both)]
    return any(_is_turn(typed.special(tokenizer), said, whole, calls(message)) for said, whole in spelt)


def _is_turn(special, said, text, called):
    if any((call.get("name") or "") not in text for call in called):
        return False
    mark = list(special.finditer(text))[-1:]
    between = text[len(said) : mark[0].start()] if mark and mark[0].end() == len(text) else "?"
    return text.startswith(said) and (not between.replace("▁", " ").strip() or bool(called))  # ▁: a blank, as some tokenizers spell it
