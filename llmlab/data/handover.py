"""Judgements for other tools: Argilla, Label Studio, TRL, transcripts in the way of hh-rlhf; what a layout has no place for is counted. `foreign`
reads them again."""

from llmlab.data import judgements
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
    took = {"lead_time": row["seconds"]} if "seconds" in row else {}
    return {"completed_by": {"email": row["annotator"]}, **took, "result": result}


def _result(kind, name, value, of="prompt"):
    return {"type": kind, "from_name": name, "to_name": of, "value": value}


def _studio(side):
    if side in OTHERS:
        return _result("choices", "equal", {"choices": [side]})
    return _result("pairwise", "preference", {"selected": side}, "answer1,answer2")


def trl(rows):
    """Pairs as TRL trains on them, one per judgement that prefers an answer."""
    say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
    return [
        {"prompt": r["prompt"], "chosen": say(good), "rejected": say(bad), "annotator": r["annotator"]} for r, good, bad in _decided(rows)
    ]


def hh(rows):
    """Transcripts in the way of hh-rlhf: both conversations whole, "Human:" and "Assistant:" before each turn, "System:" before what stands above
    them. One with tools has no place there."""
    return [
        {"chosen": _transcript(r["prompt"], good), "rejected": _transcript(r["prompt"], bad)}
        for r, good, bad in _decided(rows)
        if not _with_tools(r["prompt"])
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
    found = {"a gold item, a repeat or a skip": len(rows) - len(pairs) - len(single)}
    if kind in ("trl", "hh"):
        found |= {"a tie, or both bad": sum(r["choice"] not in ("a", "b") for r in pairs), "of a single answer": len(single)}
    if kind == "hh":
        found["a conversation with tools"] = sum(_with_tools(r["prompt"]) for r, _, _ in _decided(rows))
    for what in ("reasons", *(() if kind == "label_studio" else ("seconds",)), *((COMMENT,) if kind in TAUGHT else ())):
        found[f"the {what} of a judgement, which itself is kept"] = sum(bool(r.get(what)) for r in (*pairs, *single))
    if kind == "kto":
        found |= {"of a pair": len(pairs), "the middle of a scale": sum(r["score"] == judgements.MIDDLE for r in single)}
    return {reason: count for reason, count in found.items() if count}


def _with_tools(prompt):
    return any(m["role"] not in SPEAKERS or m.get("tool_calls") or m.get("tools") for m in prompt)


def _transcript(prompt, answer):
    turns = [*prompt, {"role": "assistant", "content": answer}]
    return "".join(f"\n\n{SPEAKERS[m['role']]}: {m['content']}" for m in turns)


def _decided(rows):
    """(judgement, better answer, worse answer) of those that prefer one."""
    return [
        (r, *((r["a"], r["b"]) if r["choice"] == "a" else (r["b"], r["a"]))) for r in judgements.counted(rows) if r["choice"] in ("a", "b")
    ]


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
