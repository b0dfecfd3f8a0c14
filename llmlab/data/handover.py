"""Judgements that come from other tools and go to them: Argilla, Label Studio, TRL, transcripts in the way of hh-rlhf.

Each of them becomes rows of `judgements`, and rows become theirs. Who is not named is somebody of his own each time, and marked so: nothing is known of him.
"""

from llmlab.data import judgements, layouts

PROMPTS = ("prompt", "instruction", "question", "chat")
ANSWERS = (
    ("response_1", "response_2"),
    ("response1", "response2"),
    ("answer1", "answer2"),
    ("answer_a", "answer_b"),
    ("a", "b"),
    ("chosen", "rejected"),
)
SINGLE = ("response", "completion", "answer")  # what one answer is called
COMMENT = "comment"  # what a question, or a text area, is called in which people say why
OTHERS = {**dict.fromkeys(("tie", "equal", "both"), "tie"), **dict.fromkeys(("bad", "both_bad"), "bad")}


class Unread(ValueError):
    """A record in which nothing was understood, and why: it is counted, and not an error of the file."""


def rows(record, number, unread):
    """Judgements of one record of any of these tools, [] if nobody judged it; None for a layout that is none of them.

    Args:
        number: of the record in its file, the name of an annotator who has none.
        unread: counts, by reason, what somebody said that is no judgement here.
    """
    if isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict):
        return _argilla(record, number, unread)
    if isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list):
        return _label_studio(record, number, unread)
    layout = layouts.preference_layout(record)
    return None if layout is None else _preferred(record, layout, number)


def _preferred(record, layout, number):
    """A pair of which one answer was chosen; a thumb is a score."""
    try:
        pair = layouts.preference(record, layout)
    except layouts.Mute as error:  # two answers with equal scores, say
        raise Unread(str(error) or "nothing was preferred") from None
    who = _who(record.get("annotator"), number, 0)
    if "label" in pair:
        return [_row(pair["prompt"], pair["completion"][-1]["content"], None, who, score=5 if pair["label"] else 1)]
    if len(pair["chosen"]) > 1 or len(pair["rejected"]) > 1:
        raise Unread("two conversations that part before the last answer")
    return [_row(pair["prompt"], pair["chosen"][0]["content"], pair["rejected"][0]["content"], who, choice="a")]


def _who(name, number, place):
    """The annotator of a row: as he is named, or somebody of his own."""
    return {"annotator": f"record {number}, {place}", "unnamed": True} if name in (None, "") else {"annotator": str(name)}


def _row(prompt, a, b, who, **said):
    prompt = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    answers = {"a": a} if b is None else {"a": a, "b": b}
    return {"item": judgements.item_id(prompt, *answers.values()), "prompt": prompt, **answers, **said, **who}


def _parts(fields):
    """(prompt, {name: text} of the two answers, or of the one) of a record's fields."""
    prompt = next((fields[name] for name in PROMPTS if name in fields), None)
    pairs = (*ANSWERS, *((name,) for name in SINGLE))
    answers = next((names for names in pairs if set(names) <= set(fields)), None)
    if prompt is None or answers is None:
        raise Unread(
            f"fields {', '.join(fields)}, and not a {PROMPTS[0]} with two answers such as {' and '.join(ANSWERS[0])}, or one {SINGLE[0]}"
        )
    return prompt, {name: fields[name] for name in answers}


def _said_of(answers, value, names=()):
    """What a value says of some answers: {"choice"} of two, {"score"} of one; {} if nothing.

    Args:
        names: of the answers, where they are called otherwise than their fields.
    """
    if len(answers) == 1:
        return {"score": value} if type(value) is int and value in judgements.SCORES else {}
    named = {**dict(zip(names, "ab")), **dict(zip(answers, "ab")), **OTHERS}
    return {"choice": named[value]} if isinstance(value, str) and value in named else {}


def _argilla(record, number, unread):
    """A record of Argilla 2: {"fields": {prompt, response_1, response_2} or {prompt, response}, "responses": {question: [{"value": the name of an answer, or a
    rating, "user_id"}]}}; what the question "comment" was answered is the comment. It has no place for seconds."""
    (prompt, answers), found, rated = _parts(record["fields"]), [], set()
    listed = {question: said if isinstance(said, list) else [] for question, said in record["responses"].items()}
    comments = {one.get("user_id"): str(one["value"]) for one in listed.pop(COMMENT, []) if one.get("value")}
    for place, one in ((place, one) for said in listed.values() for place, one in enumerate(said)):
        told, by = _said_of(answers, one.get("value")), one.get("user_id")
        if not told or ("score" in told and by in rated):
            unread["a response that is no choice between two answers, or no first rating of one from 1 to 5"] += 1
            continue
        rated |= {by} - {None}
        beside = {COMMENT: comments[by]} if by in comments else {}
        found.append(_row(prompt, *_two(answers), _who(by, number, place), **told, **beside))
    return found


def _label_studio(record, number, unread):
    """A task of Label Studio: {"data": {prompt, answer1, answer2} or {prompt, answer}, "annotations": [{"completed_by", "lead_time": seconds, "result": [pairwise,
    choices, rating, or a textarea, which is the comment]}]}."""
    (prompt, answers), found = _parts(record["data"]), []
    for place, annotation in enumerate(record["annotations"]):
        by, results = annotation.get("completed_by"), annotation.get("result", ())
        by = by.get("email", by.get("id")) if isinstance(by, dict) else by
        told = next((said for result in results if (said := _said_of(answers, _selected(result), ("left", "right")))), None)
        if not told:
            unread["an annotation without a choice between two answers, or a rating of one from 1 to 5"] += 1
            continue
        took, written = annotation.get("lead_time"), [r["value"].get("text", ()) for r in results if r.get("type") == "textarea"]
        words = [word for text in written for word in ([text] if isinstance(text, str) else text)]
        beside = ({"seconds": took} if isinstance(took, int | float) else {}) | ({COMMENT: "\n".join(words)} if words else {})
        found.append(_row(prompt, *_two(answers), _who(by, number, place), **told, **beside))
    return found


def _two(answers):
    """The texts of two answers, or of the one and None."""
    return [*answers.values(), None][:2]


def _selected(result):
    """What a pairwise, choices or rating result says; others say nothing of a preference."""
    value, kind = result.get("value", {}), result.get("type")
    if kind == "choices":
        return value["choices"][0] if value.get("choices") else None
    return value.get({"pairwise": "selected", "rating": "rating"}.get(kind))


# --- and out ----------------------------------------------------------------------------------------------------------------------------
def argilla(rows):
    """Records of Argilla 2 with everybody's responses, one per item: a preference of pairs, a rating of single answers, and comments; names are kept as metadata,
    since its users have numbers of their own. Seconds have no place there."""
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
    """Tasks of Label Studio with everybody's annotations, seconds and comments: a tie is a choice, since its pairwise tag knows left and right alone; a score of a
    single answer is a rating."""
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
    """Transcripts in the way of hh-rlhf: both conversations whole, "Human:" and "Assistant:" before each turn."""
    return [{"chosen": _transcript(r["prompt"], good), "rejected": _transcript(r["prompt"], bad)} for r, good, bad in _decided(rows)]


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


def _transcript(prompt, answer):
    names = {"user": "Human", "assistant": "Assistant"}
    turns = [m for m in [*prompt, {"role": "assistant", "content": answer}] if m["role"] in names]
    return "".join(f"\n\n{names[m['role']]}: {m['content']}" for m in turns)


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
