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
OTHERS = {**dict.fromkeys(("tie", "equal", "both"), "tie"), **dict.fromkeys(("bad", "both_bad"), "bad")}


class Unread(ValueError):
    """A record in which nothing was understood, and why: it is counted, and not an error of the file."""


def rows(record, number):
    """Judgements of one record of any of these tools, [] if nobody judged it; None for a layout that is none of them.

    Args:
        number: of the record in its file, the name of an annotator who has none.
    """
    if isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict):
        return _argilla(record, number)
    if isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list):
        return _label_studio(record, number)
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
    """(prompt, names of the two answers) of a record's fields."""
    prompt = next((fields[name] for name in PROMPTS if name in fields), None)
    answers = next((pair for pair in ANSWERS if set(pair) <= set(fields)), None)
    if prompt is None or answers is None:
        raise Unread(f"fields {', '.join(fields)}, and not a {PROMPTS[0]} with two answers such as {' and '.join(ANSWERS[0])}")
    return prompt, answers


def _argilla(record, number):
    """A record of Argilla 2: {"fields": {prompt, response_1, response_2}, "responses": {question: [{"value": the name of an answer, "user_id"}]}}."""
    prompt, (first, second) = _parts(record["fields"])
    named, found = {first: "a", second: "b", **OTHERS}, []
    for said in record["responses"].values():
        for place, one in enumerate(said if isinstance(said, list) else []):
            if choice := named.get(one.get("value")) if isinstance(one.get("value"), str) else None:  # a rating is a number, and no choice
                who = _who(one.get("user_id"), number, place)
                found.append(_row(prompt, record["fields"][first], record["fields"][second], who, choice=choice))
    return found


def _label_studio(record, number):
    """A task of Label Studio: {"data": {prompt, answer1, answer2}, "annotations": [{"completed_by", "result": [pairwise or choices]}]}."""
    prompt, (first, second) = _parts(record["data"])
    named, found = {"left": "a", "right": "b", first: "a", second: "b", **OTHERS}, []
    for place, annotation in enumerate(record["annotations"]):
        by = annotation.get("completed_by")
        by = by.get("email", by.get("id")) if isinstance(by, dict) else by
        choice = next((c for result in annotation.get("result", ()) if (c := named.get(_selected(result)))), None)
        if choice:
            found.append(_row(prompt, record["data"][first], record["data"][second], _who(by, number, place), choice=choice))
    return found


def _selected(result):
    """What a pairwise or choices result says; other results (a comment, a rating) say nothing of a preference."""
    value = result.get("value", {})
    if result.get("type") == "pairwise":
        return value.get("selected")
    return value["choices"][0] if result.get("type") == "choices" and value.get("choices") else None


# --- and out ----------------------------------------------------------------------------------------------------------------------------
def argilla(rows):
    """Records of Argilla 2 with everybody's responses, one per item; names are kept as metadata, since its users have numbers of their own."""
    return [
        {
            "id": item,
            "fields": {"prompt": _said(said[0]["prompt"]), "response_1": said[0]["a"], "response_2": said[0]["b"]},
            "responses": {
                "preference": [{"value": _named(r["choice"], "response_1", "response_2"), "user_id": r["annotator"]} for r in said]
            },
        }
        for item, said in _items(rows).items()
    ]


def label_studio(rows):
    """Tasks of Label Studio with everybody's annotations; a tie is a choice, since its pairwise tag knows left and right alone."""
    return [
        {
            "data": {"prompt": _said(said[0]["prompt"]), "answer1": said[0]["a"], "answer2": said[0]["b"]},
            "annotations": [
                {"completed_by": {"email": r["annotator"]}, "result": [_studio(_named(r["choice"], "left", "right"))]} for r in said
            ],
        }
        for said in _items(rows).values()
    ]


def _studio(side):
    if side in OTHERS:
        return {"type": "choices", "from_name": "equal", "to_name": "prompt", "value": {"choices": [side]}}
    return {"type": "pairwise", "from_name": "preference", "to_name": "answer1,answer2", "value": {"selected": side}}


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
    """{item: its judgements}, gold items and repeats left out: they test the annotator."""
    found = {}
    for row in judgements.counted(rows):
        found.setdefault(row["item"], []).append(row)
    return found


def _named(choice, first, second):
    return {"a": first, "b": second, "bad": "both_bad"}.get(choice, "tie")


def _said(prompt):
    """One question as a text, several turns as the messages that they are: both tools show a list of messages as a chat."""
    return prompt[0]["content"] if [m["role"] for m in prompt] == ["user"] else prompt
