"""A file that people judged, or are to judge: rows of `judgements`, or what another tool wrote (see `foreign`), in any table that `guests` reads."""

import json
import re
from collections import Counter
from pathlib import Path

from llmlab.data import foreign, formats, guests, judgements, layouts
from llmlab.spine.errors import UserError

NUMBER = re.compile(r"\d+(\.\d+)?")


def read(path):
    """(judgements of a file, {reason: records that were left out}): llmlab's own rows, or what `foreign` knows of other tools, in any table that
    `guests` reads, or a folder of them. A UserError names what is none; half a line of a sitting is counted, as a kill leaves it."""
    rows, left_out, odd, called = [], Counter(), [], {}
    records, copies = _in_order(list(guests.rows(guests.Guest(str(path)), odd)))
    if not any("at" in record for _, record in records):
        guests.refuse(odd)
    left_out["half a line, as a kill leaves it"] = len(odd)
    for number, (place, record) in enumerate(records, 1):
        try:
            rows += _judgements(_place(path, place), number, record, left_out, called)
        except foreign.Unread as error:
            left_out[str(error)] += 1
    kept = judgements.standing(rows)
    left_out["given twice, or taken back"] += copies + len(rows) - len(kept)
    return kept, {reason: count for reason, count in left_out.items() if count}


def _in_order(records):
    """(records of a folder as if it were one file, how many lines of a sitting stood in another file before, as a backup copy holds them), in the order in which
    they were given: a copy must not say once more what was taken back since. One file is in its order, which no clock knows better."""
    if len({file for (file, _), _ in records}) < 2:
        return records, 0
    first, kept = {}, []
    for (file, line), record in records:
        if not record.get("at") or first.setdefault(json.dumps(record, sort_keys=True, default=str), file) == file:
            kept.append(((file, line), record))
    return sorted(kept, key=lambda found: judgements.when(found[1]) or 0.0), len(records) - len(kept)


def _place(path, place):
    """(file, line) of a record of a table, or of one in a folder of them."""
    return (Path(path) / place[0] if Path(path).is_dir() else path), place[1], formats.look(*place)


def _judgements(place, number, record, unread, called):
    """The judgements of one record, as rows with an item; what `foreign` understood of nobody is counted in `unread`.

    Args:
        called: {(annotator, what a row calls its item): the item}, which is filled here and says what an undo means.
    """
    if record.get("undo") and "annotator" in record:
        row = _filled(record)
        return [{**row, "undo": called.get((row.get("annotator"), str(row["undo"])), row["undo"])}]
    own = record.get("a") is not None and {"choice", "score"} & set(record) and "annotation_id" not in record
    try:
        found = None if own else foreign.rows(record, number, unread)
        return [_judgement(place, _filled(record), called)] if found is None else found
    except foreign.Unread:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(place, _why(error)) from None


def _filled(row):
    """A row of llmlab's own format without the empty cells that a table has, numbers as numbers, a name as it is kept, and a prompt as messages."""
    found = {name: value for name, value in row.items() if value is not None and (value != "" or name in ("a", "b"))}
    if "score" in found and not found.get("b"):
        found.pop("b", None)
    numbers = {name: float(found[name]) for name in ("score", "gold", "seconds", "repeat") if NUMBER.fullmatch(str(found.get(name)))}
    found |= {name: int(value) if value.is_integer() else value for name, value in numbers.items()}
    who = judgements.named(found.pop("annotator", ""))
    found |= {"annotator": who} if who else {}
    return found | ({"prompt": layouts.asked(found["prompt"])} if isinstance(found.get("prompt"), str) else {})


def _judgement(place, row, called):
    """A row of llmlab's own format, or an error that names what is wrong with it. Which item it is of its words say: elsewhere several pairs have one name."""
    single = "b" not in row and ("score" in row or row.get("choice") == "skip")
    missing = [c for c in ("prompt", "a", *(() if single else ("b", "choice")), "annotator") if c not in row]
    if missing:
        raise _wrong(place, f"without {', '.join(missing)}; its columns are {', '.join(row)}")
    try:
        texts = [row["a"], *([] if single else [row["b"]]), *(m["content"] for m in row["prompt"])]
        right = len(texts) > (1 if single else 2) and all(isinstance(text, str) for text in texts)
    except (TypeError, KeyError):
        right = False
    if not right:
        raise _wrong(place, "prompt is no list of messages, or an answer no text")
    said, able = ("score", judgements.SCORES) if "score" in row and single else ("choice", judgements.CHOICES)
    if row[said] not in able:
        raise _wrong(place, f"{said} {row[said]!r}")
    item = judgements.item_id(row["prompt"], *texts[: 1 if single else 2])
    called[row["annotator"], str(row.get("item"))] = item
    return {**row, "item": item}


def _why(error):
    """What is wrong with a record that cannot be read, in words."""
    if isinstance(error, UnicodeEncodeError):
        return "half a character, as where an emoji was cut in two"
    return str(error) or "a layout that is broken"


def _wrong(place, found):
    file, n, look = place
    wanted = f"prompt, a, b, annotator, and choice: {', '.join(judgements.CHOICES)}; or a file of Argilla, Label Studio or TRL"
    return UserError(f"{file}, line {n}: {found}", wanted, look)


# --- to be judged -----------------------------------------------------------------------------------------------------------------------
def asked(path):
    """([{"prompt", "a", "b", "why"}], {reason: records that were left out}) of a file whose pairs, or single answers, people are to judge, whatever
    was said of them: in any table that `guests` reads, in any layout of `foreign.asked`."""
    found, left_out = {}, Counter()
    for place, record in guests.rows(guests.Guest(str(path))):
        try:
            question = foreign.asked(record)
            mark = judgements.item_id(question["prompt"], *(question[side] for side in "ab" if side in question))
        except foreign.Unread as error:
            left_out[str(error)] += 1
            continue
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _wrong(_place(path, place), _why(error)) from None
        left_out["asked twice"] += mark in found
        found.setdefault(mark, {"why": "it was brought", **question})
    return list(found.values()), {reason: count for reason, count in left_out.items() if count}
