"""Judgements for other tools: Argilla, Label Studio, TRL, transcripts in the way of hh-rlhf; what a layout has no place for is counted. `foreign`
reads them again."""

from collections import Counter

from llmlab.data import feedback, judgements, turns
from llmlab.data.foreign import COMMENT, OTHERS

SPEAKERS = {"system": "System", "user": "Human", "assistant": "Assistant"}  # in a transcript, which has no place for tools


def argilla(rows):
    """Records of Argilla 2 with everybody's responses, one per item: a preference of pairs, a rating of single answers, and comments. A name is
    its `user_id`. Seconds and reasons have no place there."""
    records = []
    for item, (first, *more) in _items(rows).items():
        said, single = [first, *more], "b" not in first
        answers = {"response": first["a"]} if single else {"response_1": first["a"], "response_2": first["b"]}
        values = [r["score"] if single else _named(r["choice"], "response_1", "response_2") for r in said]
        told = {"rating" if single else "preference": [{"value": v, "user_id": r["annotator"]} for v, r in zip(values, said)]}
        if comments := [{"value": r[COMMENT], "user_id": r["annotator"]} for r in said if r.get(COMMENT)]:
            told[COMMENT] = comments
        records.append({"id": item, "fields": {"prompt": _said(first["prompt"]), **answers}, "responses": told})
    return records


def label_studio(rows):
    """Tasks of Label Studio with everybody's annotations, seconds and comments: a tie is a choice, since its pairwise tag knows left and right
    alone; a score of a single answer is a rating."""
    tasks = []
    for first, *more in _items(rows).values():
        answers = {"answer": first["a"]} if "b" not in first else {"answer1": first["a"], "answer2": first["b"]}
        tasks.append({"data": {"prompt": _said(first["prompt"]), **answers}, "annotations": [_annotation(r) for r in (first, *more)]})
    return tasks


def _annotation(row):
    result = [_result("rating", "rating", {"rating": row["score"]}) if "b" not in row else _studio(_named(row["choice"], "left", "right"))]
    result += [_result("textarea", COMMENT, {"text": [row[COMMENT]]})] if row.get(COMMENT) else []
    beside = {name: row[of] for name, of in (("lead_time", "seconds"), ("created_at", "at")) if of in row}
    return {"completed_by": {"email": row["annotator"]}, **beside, "result": result}


def _result(kind, name, value, of="prompt"):
    return {"type": kind, "from_name": name, "to_name": of, "value": value}


def _studio(side):
    if side in OTHERS:
        return _result("choices", "equal", {"choices": [side]})
    return _result("pairwise", "preference", {"selected": side}, "answer1,answer2")


def trl(rows):
    """Pairs as TRL trains on them, one per item of which one answer is preferred (see `feedback.decided`): of one per judgement, whoever drops repetitions would
    make as many for an answer as against it."""
    kept = ("prompt", "chosen", "rejected", "annotators")
    return [{name: pair[name] for name in kept} for pair in feedback.majority(judgements.counted(rows))]


def hh(rows):
    """Transcripts in the way of hh-rlhf of the pairs of `trl`: both conversations whole, "Human:" and "Assistant:" before each turn, "System:" before what stands
    above them. Not all have a place there (see `_misfit`)."""
    both = lambda pair: [pair[side][0]["content"] for side in ("chosen", "rejected")]  # noqa: E731
    return [
        dict(zip(("chosen", "rejected"), (_transcript(pair["prompt"], answer) for answer in both(pair))))
        for pair in trl(rows)
        if not _misfit(pair["prompt"], *both(pair))
    ]


def kto(rows):
    """Single answers that were liked or not, as TRL's KTO trains on them; the middle of a scale is neither."""
    say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
    told = [r for r in judgements.scored(rows) if r["score"] != judgements.MIDDLE]
    return [
        {"prompt": r["prompt"], "completion": say(r["a"]), "label": r["score"] > judgements.MIDDLE, "annotator": r["annotator"]}
        for r in told
    ]


EXPORTS = {"argilla": argilla, "label_studio": label_studio, "trl": trl, "hh": hh, "kto": kto}
TAUGHT = ("trl", "hh", "kto")  # lessons, a line each; the others are for people to go on with


def left_out(kind, rows):
    """{reason: how many judgements} that a layout has no place for, or no place for what they say beside their choice."""
    pairs, single = judgements.counted(rows), judgements.scored(rows)
    found = judgements.uncounted(rows)
    if kind in ("trl", "hh"):
        found |= Counter(why for r, why in _outvoted(pairs) if why) | {"of a single answer": len(single)}
    if kind == "hh":
        found |= Counter(why for r, lost in _outvoted(pairs) if not lost and (why := _misfit(r["prompt"], r["a"], r["b"])))
    for what in ("reasons", *(() if kind == "label_studio" else ("seconds",)), *((COMMENT,) if kind in TAUGHT else ())):
        found[f"the {what} of a judgement"] = sum(bool(r.get(what)) for r in (*pairs, *single))
    if kind == "kto":
        found |= {"of a pair": len(pairs), "the middle of a scale": sum(r["score"] == judgements.MIDDLE for r in single)}
    return {reason: count for reason, count in found.items() if count}


def _outvoted(pairs):
    """[(judgement, why it is not for an answer that is preferred, None if it is)] of judgements of pairs."""
    best = {item: choice for item, (choice, _) in feedback.decided(feedback.table(pairs)).items()}
    found = []
    for r in pairs:
        alike = r["item"] not in best or r["a"] == r["b"]
        why = "of answers of which neither is preferred" if alike else "outvoted" if r["choice"] != best[r["item"]] else None
        found.append((r, "a tie, or both bad" if r["choice"] not in ("a", "b") else why))
    return found


def _misfit(prompt, *answers):
    """Why a conversation has no place in a transcript: tools, or words that would be read as turns of somebody else; None if it has one."""
    if any(m["role"] not in SPEAKERS or m.get("tool_calls") or m.get("tools") for m in prompt):
        return "a conversation with tools"
    for answer in answers:
        wanted = [(m["role"], m["content"].strip()) for m in (*prompt, {"role": "assistant", "content": answer})]
        if turns.said(_transcript(prompt, answer), "user") != wanted:
            return 'a turn that holds what begins one, such as "Human:"'
    return None


def _transcript(prompt, answer):
    whole = [*prompt, {"role": "assistant", "content": answer}]
    return "".join(f"\n\n{SPEAKERS[m['role']]}: {m['content']}" for m in whole)


def _items(rows):
    """{item: its judgements}, of pairs and of single answers; gold items and repeats are left out: they test the annotator."""
    found = {}
    for row in [*judgements.counted(rows), *judgements.scored(rows)]:
        found.setdefault(row["item"], []).append(row)
    return found


def _named(choice, first, second):
    return {"a": first, "b": second, "bad": "both_bad"}.get(choice, "tie")


def _said(prompt):
    """One question as a text, several turns as the messages that they are: both tools show a list of messages as a chat."""
    return prompt[0]["content"] if [m["role"] for m in prompt] == ["user"] else prompt
