"""What somebody types is text: which pieces of a text would be taken for a mark of the chat template, as `<|end|>`, `[/INST]` or "ASSISTANT:".

Most templates mark turns with special tokens; others, as Llama 2's, Zephyr's and Vicuna's, with ordinary text, which no tokenizer tells apart from what a
user types. Both are read off the tokenizer: its special tokens, and what the template writes between the turns of a conversation.
"""

import re

MARK = re.compile(r"[<\[].*[>\]]")  # what a token looks like that is none of a text
WRITTEN = re.compile(r"<<[^<>\n]{1,40}>>|<[^<>\n]{1,40}>|\[[^\[\]\n]{1,40}\]")  # the same in the midst of what a template writes
NAMED = re.compile(r"#+ ?\w[\w ]{0,30}:?|\w[\w ]{0,30}:")  # a line that says who speaks: "### Response:", "ASSISTANT:"
TOLD, ASKED, SAID = "qaz", ("edc", "rfv"), ("tgb", "yhn")  # words that stand in no template


def special(tokenizer):
    """A pattern of all special tokens, kept with the tokenizer."""
    return _pattern(tokenizer, "_llmlab_special", tuple(t.content for t in tokenizer.added_tokens_decoder.values() if t.special))


def control(tokenizer):
    """As `special`, with what the template writes and is not called special: tokens, as Qwen's <tool_call>, and text between the turns. The assistant may say
    it, and nobody else."""
    template, added = tokenizer.chat_template or "", tokenizer.added_tokens_decoder.values()
    texts = tuple(t.content for t in added if t.special or (MARK.fullmatch(t.content) and t.content in template))
    marks, names = written(tokenizer)
    return _pattern(tokenizer, "_llmlab_control", (*texts, *marks), names)


def written(tokenizer):
    """(marks, names) that a template writes between turns as ordinary text, worked out once: "[/INST]"; and who speaks, each as (text, whether it begins a
    line)."""
    known = getattr(tokenizer, "_llmlab_written", None)
    if known is None or known[0] != tokenizer.chat_template:
        known = tokenizer._llmlab_written = (tokenizer.chat_template, _written(tokenizer))
    return known[1]


def _written(tokenizer):
    between, marks, names = _between(tokenizer), {}, {}
    for pair, text in between:
        text = special(tokenizer).sub("", text)
        marks |= dict.fromkeys(WRITTEN.findall(text))
        if pair in (("user", "assistant"), ("assistant", "user")):
            lines = WRITTEN.sub("", text).split("\n")
            names |= dict.fromkeys((line.strip(), n > 0) for n, line in enumerate(lines) if NAMED.fullmatch(line.strip()))
    return tuple(marks), tuple(names)


def _between(tokenizer):
    """[((who spoke before, who speaks then), what the template writes between them)] of conversations with a system turn, if it has a place for one, and without."""
    talk = [(role, word) for words in zip(ASKED, SAID) for role, word in zip(("user", "assistant"), words)]
    found = []
    for turns in ([("system", TOLD), *talk], talk):
        try:
            text = tokenizer.apply_chat_template([{"role": role, "content": word} for role, word in turns], tokenize=False)
        except Exception:  # a template raises what it likes
            continue
        there = sorted((text.find(word), role, word) for role, word in turns if word in text)
        for (at, role, word), (then, other, _) in zip(there, there[1:]):
            found.append(((role, other), text[at + len(word) : then]))
        if there and there[0][1] == "system":  # what stands before any words is the template's alone
            found.append((("", "system"), text[: there[0][0]]))
    return found


def _pattern(tokenizer, name, texts, names=()):
    known = getattr(tokenizer, name, None)
    if known is None or known[0] != (texts, names):
        each = [re.escape(text) for text in sorted(texts, key=len, reverse=True)]
        each += [(r"(?m:^)" if first else r"(?<!\w)") + re.escape(text) for text, first in names]
        known = ((texts, names), re.compile("|".join(each) or r"(?!)"))
        setattr(tokenizer, name, known)
    return known[1]
