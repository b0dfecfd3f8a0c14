"""Other tools' files of judgements: Argilla, Label Studio, TRL, transcripts in the way of hh-rlhf. Their records become rows of `judgements`, or,
where nobody judged them yet, questions.

Who is not named is somebody of his own each time, and marked so: nothing is known of him.
"""

import json

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
SINGLE = ("response", "completion", "answer", "a")  # what one answer is called
COMMENT = "comment"  # what a question, or a text area, is called in which people say why
OTHERS = {**dict.fromkeys(("tie", "equal", "both"), "tie"), **dict.fromkeys(("bad", "both_bad"), "bad")}
RESPONSES = ".responses"  # ending of a column, where Argilla writes a data set of the hub
# What stands beside the fields of a row of Label Studio.
BESIDE = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time", "was_cancelled", "agreement", "id")
NO_CHOICE = "that is no choice between two answers, or no rating of one from 1 to 5"
MORE = "a second response of one person to a record"


class Unread(ValueError):
    """A record in which nothing was understood, and why: it is counted, and not an error of the file."""


def rows(record, number, unread):
    """Judgements of one record of any of these tools, [] if nobody judged it; None for a layout that is none of them.

    Args:
        number: of the record in its file, the name of an annotator who has none.
        unread: counts, by reason, what somebody said that is no judgement here.
    """
    record = _whole(record)
    if _is_argilla(record):
        return _argilla(record, number, unread)
    if _is_studio(record):
        return _label_studio(record, number, unread)
    layout = layouts.preference_layout(record)
    return None if layout is None else _preferred(record, layout, number)


def _is_argilla(record):
    return isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict)


def _is_studio(record):
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def _preferred(record, layout, number):
    """A pair of which one answer was chosen, by those whom it names, if it does; a thumb is a score."""
    pair = _pair(record, layout)
    if pair.get("annotators") == layouts.NOBODY:
        raise Unread("a pair that nobody judged")
    if found := judgements.voted(pair):
        return found
    who, prompt = _who(record.get("annotator"), number, 0) | judgements.simulated(pair), pair["prompt"]
    if "label" in pair:
        return [_row(prompt, pair["completion"][-1]["content"], None, who, score=5 if pair["label"] else 1)]
    return [_row(prompt, pair["chosen"][0]["content"], pair["rejected"][0]["content"], who, choice="a")]


def _pair(record, layout):
    """The record as `layouts.preference` has it, if it is two answers to one prompt, or one."""
    try:
        pair = layouts.preference(record, layout)
    except layouts.Mute as error:  # two answers with equal scores, say
        raise Unread(str(error) or "nothing was preferred") from None
    if "label" not in pair and (len(pair["chosen"]) > 1 or len(pair["rejected"]) > 1):
        raise Unread("two conversations that part before the last answer")
    return pair


def _who(name, number, place):
    """The annotator of a row: as he is named, or somebody of his own."""
    known = "" if name is None else judgements.named(name)
    return {"annotator": known} if known else {"annotator": f"record {number}, {place}", "unnamed": True}


def _row(prompt, a, b, who, **said):
    prompt, answers = layouts.asked(prompt), {"a": a} if b is None else {"a": a, "b": b}
    return {"item": judgements.item_id(prompt, *answers.values()), "prompt": prompt, **answers, **said, **who}


def _parts(fields):
    """(prompt, {name: text} of the two answers, or of the one) of a record's fields."""
    prompt, *answers = _names(fields)
    return fields[prompt], {name: fields[name] for name in answers}


def _names(fields):
    """The names of a prompt, and of two answers or one, among those of a record's fields."""
    prompt = next((name for name in PROMPTS if name in fields), None)
    answers = next((names for names in (*ANSWERS, *((name,) for name in SINGLE)) if set(names) <= set(fields)), None)
    if prompt is None or answers is None:
        raise Unread(
            f"fields {', '.join(fields)}, and not a {PROMPTS[0]} with two answers such as {' and '.join(ANSWERS[0])}, or one {SINGLE[0]}"
        )
    return prompt, *answers


def _said_of(answers, value, names=()):
    """What a value says of some answers: {"choice"} of two, {"score"} of one; {} if nothing.

    Args:
        names: of the answers, where they are called otherwise than their fields.
    """
    if len(answers) == 1:
        return {"score": value} if type(value) is int and value in judgements.SCORES else {}
    named = {**dict(zip(names, "ab")), **dict(zip(answers, "ab")), **OTHERS}
    value = _foremost(value, answers) if isinstance(value, list) else value
    return {"choice": named[value]} if isinstance(value, str) and value in named else {}


def _foremost(ranking, answers):
    """What a ranking, names from the best on or {"value": name, "rank"}, says of two answers: the one that comes first, or that both come there;
    None if it is no such."""
    ranks = {str(one.get("value")): one.get("rank") for one in ranking if isinstance(one, dict)} or {
        name: n for n, name in enumerate(ranking) if isinstance(name, str)
    }
    places = [ranks.get(name) for name in answers]
    if None in places:
        return None
    return "tie" if places[0] == places[1] else list(answers)[places[0] > places[1]]


def _argilla(record, number, unread):
    """A record of Argilla 2: {"fields": {prompt, response_1, response_2} or {prompt, response}, "responses": {question: [{"value": the name of an
    answer, a ranking of both or a rating, "user_id"}]}}; what the question "comment" was answered is the comment. It has no place for seconds.
    Drafts and what was discarded count as nothing."""
    (prompt, answers), found = _parts(record["fields"]), []
    listed = {question: said if isinstance(said, list) else [] for question, said in record["responses"].items()}
    comments = {one.get("user_id"): str(one["value"]) for one in listed.pop(COMMENT, []) if one.get("value")}
    for place, one in ((place, one) for said in listed.values() for place, one in enumerate(said)):
        told, by = _said_of(answers, one.get("value")), one.get("user_id")
        if one.get("status") not in (None, "submitted"):
            unread["a response that was not submitted"] += 1
            continue
        if not told:
            unread[f"a response {NO_CHOICE}"] += 1
            continue
        beside = {COMMENT: comments[by]} if by is not None and by in comments else {}
        found.append((_vague(one["value"]), _row(prompt, *_two(answers), _who(by, number, place), **told, **beside)))
    return _one_each(found, unread)


def _vague(value):
    """Whether a value names no answer: "bad" may be what a question of another kind was answered."""
    return isinstance(value, str) and value in OTHERS


def _one_each(found, unread):
    """Of everybody the first judgement of a record that names an answer, or the first. found: [(whether it names none, judgement)]."""
    kept = {}
    for _, row in sorted(found, key=lambda one: one[0]):
        unread[MORE] += row["annotator"] in kept
        kept.setdefault(row["annotator"], row)
    return list(kept.values())


def _label_studio(record, number, unread):
    """A task of Label Studio: {"data": {prompt, answer1, answer2} or {prompt, answer}, "annotations": [{"completed_by", "lead_time": seconds,
    "result": [pairwise, choices, rating, or a textarea, which is the comment]}]}. What was skipped there is no judgement, whatever it holds."""
    (prompt, answers), found = _parts(record["data"]), []
    for place, annotation in enumerate(record["annotations"]):
        by, results = annotation.get("completed_by"), annotation.get("result", ())
        by = by.get("email", by.get("id")) if isinstance(by, dict) else by
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            unread["an annotation that was skipped"] += 1
            continue
        able = sorted((v for v in map(_selected, results) if _said_of(answers, v, ("left", "right"))), key=_vague)
        if not able:
            unread[f"an annotation {NO_CHOICE}"] += 1
            continue
        unread[MORE] += len(able) - 1
        told = _said_of(answers, able[0], ("left", "right"))
        took, written = annotation.get("lead_time"), [r["value"].get("text", ()) for r in results if r.get("type") == "textarea"]
        words = [word for text in written for word in ([text] if isinstance(text, str) else text)]
        beside = ({"seconds": took} if isinstance(took, int | float) else {}) | ({COMMENT: "\n".join(words)} if words else {})
        beside |= {"at": when} if (when := annotation.get("created_at")) else {}
        found.append((_vague(able[0]), _row(prompt, *_two(answers), _who(by, number, place), **told, **beside)))
    return _one_each(found, unread)


def _two(answers):
    """The texts of two answers, or of the one and None."""
    return [*answers.values(), None][:2]


def _selected(result):
    """What a pairwise, choices or rating result says; others say nothing of a preference."""
    value, kind = result.get("value", {}), result.get("type")
    if kind == "choices":
        return value["choices"][0] if value.get("choices") else None
    return value.get({"pairwise": "selected", "rating": "rating"}.get(kind))


# --- the same as tables -----------------------------------------------------------------------------------------------------------------
def _whole(record):
    """A row of a table as the record that it was: Argilla's data sets have a column for each field and each question's responses, Label Studio's CSV
    and JSON_MIN one for each field and each tag, and a row for each annotation."""
    if questions := [name.removesuffix(RESPONSES) for name in record if name.endswith(RESPONSES)]:
        return {"fields": {k: v for k, v in record.items() if "." not in k}, "responses": {q: _responses(record, q) for q in questions}}
    if "annotation_id" in record and "annotator" in record:
        return _annotated(record)
    return record


def _responses(record, question):
    """[{"value", "user_id", "status"}] of a question whose responses, users and states stand in columns beside each other."""
    columns = [record.get(f"{question}{RESPONSES}{more}") or [] for more in ("", ".users", ".status")]
    columns = [_read(column) if isinstance(column, str) else column for column in columns]
    users, states = (column or [None] * len(columns[0]) for column in columns[1:])
    return [{"value": v, "user_id": who, "status": state} for v, who, state in zip(columns[0], users, states)]


def _annotated(record):
    """A task of Label Studio with the one annotation of a row; a tag's value is a text, or a list of what its results hold."""
    cells = {k: _read(v) for k, v in record.items() if k not in BESIDE and v not in (None, "")}
    data = {name: cells.pop(name) for name in _names(cells)}
    try:
        took = {"lead_time": float(record["lead_time"])}
    except (KeyError, TypeError, ValueError):
        took = {}
    beside = {"was_cancelled": str(record.get("was_cancelled")).lower() == "true", "created_at": record.get("created_at")}
    results = [result for name, value in cells.items() for result in _results(name, value)]
    return {"data": data, "annotations": [{"completed_by": record["annotator"], **took, **beside, "result": results}]}


def _results(name, value):
    """Results as Label Studio's JSON has them, of what a tag says in a table."""
    for one in value if isinstance(value, list) else [value]:
        if name == COMMENT:
            yield {"type": "textarea", "value": {"text": [str(one)]}}
        elif isinstance(one, str):
            yield {"type": "choices", "value": {"choices": [one]}}
        elif isinstance(one, dict):
            kind = next(
                (kind for kind, key in (("pairwise", "selected"), ("rating", "rating"), ("choices", "choices")) if key in one), None
            )
            yield {"type": kind, "value": one}


def _read(value):
    """What a cell holds: a list where it is one in JSON, as tables of text keep it."""
    try:
        found = json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    except ValueError:
        return value
    return found


# --- to be judged -----------------------------------------------------------------------------------------------------------------------
def asked(record):
    """{"prompt": messages, "a", "b"} of a record that people are asked about, whatever others said of it; without "b" if it has one answer, and
    without both if it has none, so that models have to answer first.

    Raises Unread for a record that has nothing to be judged.
    """
    record = _whole(record)
    of_tools = (record.get(name) for name in ("fields", "data"))  # Argilla's, Label Studio's
    if fields := next((found for found in of_tools if isinstance(found, dict)), None):
        prompt, answers = _parts(fields)
        answers = [*answers.values()]
    elif layout := layouts.preference_layout(record):
        pair = _pair(record, layout)
        prompt, sides = pair["prompt"], ("completion",) if "label" in pair else ("chosen", "rejected")
        answers = [pair[side][-1]["content"] for side in sides]
    else:
        prompt, answers = _own(record)
    prompt = layouts.asked(prompt)
    if not prompt or not all(isinstance(a, str) and a.strip() for a in answers):
        raise Unread("no prompt, or an answer that is no text")
    if len(answers) == 2 and answers[0] == answers[1]:
        raise Unread("two equal answers")
    return {"prompt": prompt, **dict(zip("ab", answers)), **{k: record[k] for k in ("why", "from") if record.get(k)}}


def _own(record):
    """(prompt, answers) of a row of llmlab's own, of a lesson, which is one answer, or of a prompt alone."""
    record = {k: v for k, v in record.items() if v is not None}
    layout = layouts.instruction_layout(record)
    if layout is None:
        prompt = next((name for name in PROMPTS if name in record), None)
        if prompt is None:
            raise Unread(f"columns {', '.join(record)}, of no layout that we know")
        answers = next((names for names in (*ANSWERS, *((name,) for name in SINGLE)) if set(names) <= set(record)), ())
        return record[prompt], [record[name] for name in answers]
    messages = layouts.instruction(record, layout)["messages"]
    answered = bool(messages) and messages[-1]["role"] == "assistant"
    return (messages[:-1], [messages[-1]["content"]]) if answered else (messages, [])
