"""Judgements that come from other tools and go to them: Argilla, Label Studio, TRL, transcripts in the way of hh-rlhf.

Each of them becomes rows of `judgements`, and rows become theirs. A tool that keeps no annotator is one annotator, "not said".
"""

from llmlab.data import judgements, layouts

UNKNOWN = "not said"
LEFT = ("left", "response_1", "answer1", "a", "chosen", "1")
RIGHT = ("right", "response_2", "answer2", "b", "rejected", "2")
TIES = ("tie", "equal", "both", "none", "0")


def rows(record):
    """Judgements of one record of any of these tools, [] if nobody judged it; None for a layout that is none of them."""
    for reader, sign in ((_argilla, "responses"), (_label_studio, "annotations")):
        if sign in record and isinstance(record.get("fields" if reader is _argilla else "data"), dict):
            return reader(record)
    if layout := layouts.preference_layout(record):
        pair = layouts.preference(record, layout)
        if "chosen" in pair:
            good, bad = (pair[side][-1]["content"] for side in ("chosen", "rejected"))
            return [_row(pair["prompt"], good, bad, "a", record.get("annotator", UNKNOWN))]
    return None


def _row(prompt, a, b, choice, annotator):
    prompt = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    found = {"item": judgements.item_id(prompt, a, b), "prompt": prompt, "a": a, "b": b, "choice": choice, "annotator": str(annotator)}
    return found


def _side(value):
    """a, b, tie or None for what a tool calls a choice."""
    said = str(value).strip().lower()
    return "a" if said in LEFT else "b" if said in RIGHT else "tie" if said in TIES else None


def _argilla(record):
    """A record of Argilla 2, {"fields": {…two responses}, "responses": {question: [{"value", "user_id"}]}}."""
    fields = record["fields"]
    answers = [name for name in fields if name not in ("prompt", "instruction", "question", "chat")][:2]
    prompt = next((fields[name] for name in ("prompt", "instruction", "question", "chat") if name in fields), None)
    if len(answers) < 2 or prompt is None:
        return None
    named = {answers[0]: "a", answers[1]: "b"}
    found = []
    for said in record["responses"].values():
        for one in said if isinstance(said, list) else []:
            choice = named.get(str(one.get("value"))) or _side(one.get("value"))
            if choice:
                found.append(_row(prompt, fields[answers[0]], fields[answers[1]], choice, one.get("user_id", UNKNOWN)))
    return found


def _label_studio(record):
    """A task of Label Studio with pairwise annotations, {"data": {"prompt", "answer1", "answer2"}, "annotations": [{"completed_by", "result"}]}."""
    data = record["data"]
    answers = [name for name in data if name not in ("prompt", "question", "instruction")][:2]
    prompt = next((data[name] for name in ("prompt", "question", "instruction") if name in data), None)
    if len(answers) < 2 or prompt is None:
        return None
    found = []
    for annotation in record["annotations"]:
        by = annotation.get("completed_by", UNKNOWN)
        by = by.get("email", by.get("id", UNKNOWN)) if isinstance(by, dict) else by
        for result in annotation.get("result", ()):
            value = result.get("value", {})
            said = value.get(
                "selected", value.get("choices", [None])[0] if isinstance(value.get("choices"), list) else value.get("choices")
            )
            if choice := _side(said):
                found.append(_row(prompt, data[answers[0]], data[answers[1]], choice, by))
    return found


# --- and out ----------------------------------------------------------------------------------------------------------------------------
def argilla(rows):
    """Records of Argilla 2 with everybody's responses, one per item."""
    return [
        {
            "id": item,
            "fields": {"prompt": _said(said[0]["prompt"]), "response_1": said[0]["a"], "response_2": said[0]["b"]},
            "responses": {
                "preference": [
                    {"value": v, "user_id": r["annotator"]} for r in said if (v := _named(r["choice"], "response_1", "response_2"))
                ]
            },
        }
        for item, said in _items(rows).items()
    ]


def label_studio(rows):
    """Tasks of Label Studio with everybody's annotations."""
    return [
        {
            "data": {"prompt": _said(said[0]["prompt"]), "answer1": said[0]["a"], "answer2": said[0]["b"]},
            "annotations": [
                {"completed_by": r["annotator"], "result": [{"type": "pairwise", "from_name": "preference", "value": {"selected": v}}]}
                for r in said
                if (v := _named(r["choice"], "left", "right"))
            ],
        }
        for said in _items(rows).values()
    ]


def trl(rows):
    """Pairs as TRL trains on them, one per judgement that prefers an answer."""
    say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
    decided = [(r, *((r["a"], r["b"]) if r["choice"] == "a" else (r["b"], r["a"]))) for r in rows if r.get("choice") in ("a", "b")]
    return [{"prompt": r["prompt"], "chosen": say(good), "rejected": say(bad), "annotator": r["annotator"]} for r, good, bad in decided]


EXPORTS = {"argilla": argilla, "label_studio": label_studio, "trl": trl}


def _items(rows):
    """{item: judgements of pairs}, each written as its item's first judgement has it: the same answer is "a" for everybody."""
    found = {}
    for row in rows:
        if "b" not in row or row.get("choice") not in ("a", "b", "tie", "bad"):
            continue
        said = found.setdefault(row["item"], [])
        if said and row["a"] != said[0]["a"]:
            other = {"a": "b", "b": "a"}.get(row["choice"], row["choice"])
            row = {**row, "a": row["b"], "b": row["a"], "choice": other}
        said.append(row)
    return found


def _named(choice, first, second):
    return {"a": first, "b": second, "tie": "tie", "bad": "tie"}.get(choice)


def _said(prompt):
    return "\n".join(m["content"] for m in prompt) if len(prompt) == 1 else "\n".join(f"{m['role']}: {m['content']}" for m in prompt)
