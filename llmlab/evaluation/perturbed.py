"""The same questions put otherwise: in capitals, without their punctuation, with more blanks, in haste, after much other text.

Who asks so wants the same answer. What is lost is measured on few items, each paired with itself as it was asked before (after Sclar et al. 2024, who found
scores that hung on such things). Any task that is asked in words will do, whatever its language, since nothing is changed that means anything: no value that
would be right or wrong, no word with a capital letter, which may be a name.
"""

import random
import re

from llmlab.data import tasks, tokens
from llmlab.evaluation import evaluate, stats
from llmlab.models import weights

ENDS = ".?!…。？！"
READS = 400  # tokens that may stand before a question, where a third of the window holds as many


def capitals(text, rng, item):
    return text.upper()


def punctuation(text, rng, item):
    """Without what ends it; with a mark more, if nothing does."""
    return text.rstrip().rstrip(ENDS) if text.rstrip()[-1:] in ENDS else f"{text.rstrip()} ?!"


def blanks(text, rng, item):
    return re.sub(r"(?<=\S) (?=\S)", "  ", text)


def haste(text, rng, item):
    """As typed on a telephone: no capitals, no mark at the end, and two letters exchanged in one word that means no value."""
    spared = {word.casefold() for value in _values(item) for word in re.findall(r"\w+", str(value))}
    words = [m for m in re.finditer(r"[^\W\d_]{4,}", text) if m[0].islower() and m[0] not in spared and len(set(m[0][1:-1])) > 1]
    if words:
        word = rng.choice(words)
        at = rng.choice([n for n in range(1, len(word[0]) - 2) if word[0][n] != word[0][n + 1]] or [0])
        swapped = word[0][:at] + word[0][at + 1] + word[0][at] + word[0][at + 2 :] if at else word[0]
        text = text[: word.start()] + swapped + text[word.end() :]
    return text.lower().rstrip().rstrip(ENDS)


FORM = {"in capitals": capitals, "other punctuation": punctuation, "more blanks": blanks}
STRAIN = {**FORM, "in haste": haste}
LONG = "after much other text"


def _values(item):
    """What must not be changed in a question: values that would be right or wrong, and what they are about."""
    for key in ("target", "wrong", "choices", "names"):
        value = item.get(key, ())
        yield from value if isinstance(value, list | tuple) else [value]


def unfit(head):
    """Why a task's questions are not put otherwise; "" if they are: single answers count, more of it is better, and no other model or harness is needed."""
    if head["better"] != "higher":
        return "less is better" if head["better"] == "lower" else "neither side is better"
    if head["metric"].startswith("judge:"):
        return "another model judges, which would have to be asked as often"
    return "" if head["output"] in (tasks.GENERATE, tasks.LIKELIHOOD) else "the public harness asks it"


def put(head, item, change, rng):
    """An item whose question is put otherwise, in the form in which an assistant is asked; None where the change changes nothing."""
    if evaluate.form_of(head, "chat") == "chat" and "messages" in item:
        *before, last = item["messages"]
        said = change(last["content"], rng, item)
        return {**item, "messages": [*before, {**last, "content": said}]} if said != last["content"] else None
    text = item.get("text", "")
    said = change(text, rng, item) if text.strip() else text
    return {**item, "text": said} if said != text else None


def turns(head, rows, seed, most, ways=FORM):
    """[(item put otherwise, its sample as it was asked, the name of the way)]: of at most `most` rows drawn at random, each in one way, the ways in turn.

    Args:
        rows: (item, sample).
    """
    rng, found = random.Random(f"{head['name']} otherwise {seed}"), []
    drawn = [rows[n] for n in sorted(rng.sample(range(len(rows)), min(most, len(rows))))]
    for n, (item, sample) in enumerate(drawn):
        name = list(ways)[n % len(ways)]
        if other := put(head, item, ways[name], rng):
            found.append((other, sample, name))
    return found


def every(head, rows, seed, most, passages, tokenizer, window):
    """As `turns`, but each row in every way of `STRAIN`, and after a passage where there are any."""
    rng, found = random.Random(f"{head['name']} strained {seed}"), []
    drawn = [rows[n] for n in sorted(rng.sample(range(len(rows)), min(most, len(rows))))]
    texts = [_cut(tokenizer, text, min(READS, window // 3)) for text in passages[: len(drawn)]]
    for n, (item, sample) in enumerate(drawn):
        ways = {**STRAIN, **({LONG: _after(texts[n % len(texts)])} if texts else {})}
        found += [(other, sample, name) for name, change in ways.items() if (other := put(head, item, change, rng))]
    return found


def _after(passage):
    return lambda text, rng, item: f"{passage}\n\n{text}"


def _cut(tokenizer, text, most):
    """About as much of a text as so many tokens hold, in whole words."""
    count = len(tokens.encode(tokenizer, [text])[0])
    return text if count <= most else text[: int(len(text) * most / count)].rpartition(" ")[0] or text[:most]


def asked(model, judge, head, put_otherwise, seed):
    """Asks what `turns` or `every` gave; a score each.

    Args:
        model: (model, tokenizer); judge: of the tasks' folder.
    """
    items = [item for item, _, _ in put_otherwise]
    answers, _ = evaluate.ask(*model, head, items, evaluate.form_of(head, "chat"), seed)
    return judge.scores(head, items, answers)


def strained(model, judge, head, rows, seed, most, passages=()):
    """Rows {"the question", "score", "as it was asked", "n", "difference", "low", "high", "detectable", "verdict"} of one task: what each way of `STRAIN`, and a
    long text before the question, gains or costs, paired by item and corrected for their number (Holm 1979); [] if the task cannot be asked so.

    Args:
        model: (model, tokenizer).
        rows: (item, sample) of what it was asked already.
        most: items; 0 for none.
        passages: texts of which one stands before each question, cut to a third of the window.
    """
    if unfit(head) or not rows or not most:
        return []
    put_otherwise = every(head, rows, seed, most, passages, model[1], weights.window(model[0]))
    scored, tests = list(zip(put_otherwise, asked(model, judge, head, put_otherwise, seed), strict=True)), {}
    for name in dict.fromkeys(way for _, _, way in put_otherwise):
        before, after, clusters = zip(*[(s["score"], new, s["cluster"]) for (_, s, way), new in scored if way == name])
        mean = lambda values: sum(values) / len(values)  # noqa: E731
        tests[name] = {"score": mean(after), "as it was asked": mean(before), **stats.difference(before, after, clusters)}
    return [{"the question": name, **found} for name, found in stats.together(tests).items()]


def told(rows):
    """Rows of `strained` in words."""
    return [
        {
            "the question": r["the question"],
            "score": r["score"],
            "the same items as they were asked": r["as it was asked"],
            "n": r["n"],
            "change": f"{r['difference']:+.3f} [{r['low']:+.3f}, {r['high']:+.3f}] {r['verdict']} (± {r['detectable']:.2f})",
        }
        for r in rows
    ]
