"""Human feedback: annotations in, agreement and preferences out.

An annotations file holds rows of `judgements`, or what another tool wrote (see `handover`). Without such a file the pairs of simulated annotators are used, and every place that shows them says so.
"""

import contextlib
import json
from collections import Counter, defaultdict
from pathlib import Path

from llmlab.data import handover, judgements, trust
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import ROOT


def preferences(annotations, fallback):
    """(pairs for training, facts about them): from the annotations file if there is one, else from simulated annotators.

    Args:
        annotations: path of a JSON-lines file, or "".
        fallback: JSON-lines file of pairs by simulated annotators.
    """
    if not annotations:
        rows = jsonl(fallback)
        judged = [r["votes"] for r in rows if "votes" in r]
        return rows, {
            "annotators": who(rows),
            "pairs": len(rows),
            "agreement": round(sum(v == 3 for v in judged) / len(judged), 3) if judged else None,
            "measure": "share of pairs on which all three agree" if judged else "no votes: the text itself says which answer is right",
        }
    rows, left_out = read(file(annotations))
    compared, scored = judgements.counted(rows), sum("score" in r for r in rows)
    pairs = majority(compared)
    if not pairs:
        raise UserError(
            f"{file(annotations)}: {len(rows)} judgements, and no answer that more people prefer than its rival",
            "some items with a majority",
            "llmlab run RUN -p annotations=   (for simulated annotators)",
        )
    undecided = len({r["item"] for r in compared}) - len(pairs)
    left_out |= {"items without a majority, or with equal answers": undecided, "answers that were scored alone": scored}
    people = len({r["annotator"] for r in rows})
    return pairs, {
        "annotators": f"{people} people" if people > 1 else "1 person",
        "pairs": len(pairs),
        "judgements": len(rows),
        "left out": ", ".join(f"{reason} ({n})" for reason, n in left_out.items() if n) or "–",
        "decided by": "who is to be trusted (Dawid & Skene 1979)" if trust.enough(table(compared)) else "most votes",
    }


def who(pairs):
    """Who preferred one answer to the other, as the pairs say of themselves."""
    return ", ".join(sorted({str(p.get("annotators", "not said")) for p in pairs})) or "nobody"


def file(annotations):
    """Where an annotations file lies; a relative path is taken from the project's root."""
    return ROOT / Path(annotations).expanduser()


def read(path):
    """(judgements of a file, {reason: records that were left out}), a line each or as one JSON list: llmlab's own rows, or what `handover` knows of other
    tools. A UserError names what is none."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise UserError(
            f"the annotations file {path} cannot be read: {why}",
            "a JSON-lines file, or nothing for simulated annotators",
            "llmlab run RUN -p annotations=",
        ) from None
    rows, left_out = [], Counter()
    for n, record in _records(path, text):
        try:
            rows += _judgements(path, n, record)
        except handover.Unread as error:
            left_out[str(error)] += 1
    kept = judgements.standing(rows)
    left_out["given twice, or taken back"] += len(rows) - len(kept)
    return kept, dict(left_out)


def _records(path, text):
    """(number, record) of JSON lines, or of a JSON list."""
    if text.lstrip().startswith("["):
        with contextlib.suppress(ValueError):
            return list(enumerate(json.loads(text), 1))
    found = []
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append((n, json.loads(line)))
            except json.JSONDecodeError:
                raise _wrong(path, n, "not a JSON object") from None
    return found


def _judgements(path, n, record):
    """The judgements of one record, as rows with an item."""
    if not isinstance(record, dict):
        raise _wrong(path, n, "not a JSON object")
    if "undo" in record and "annotator" in record:
        return [record]
    if not {"a", "choice", "score"} & set(record):
        try:
            found = handover.rows(record, n)
        except handover.Unread:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _wrong(path, n, str(error) or "a layout that is broken") from None
        if found is not None:
            return found
    return [_judgement(path, n, record)]


def _judgement(path, n, row):
    """A row of llmlab's own format, or an error that names what is wrong with it."""
    single = "b" not in row and ("score" in row or row.get("choice") == "skip")
    missing = [c for c in ("prompt", "a", *(() if single else ("b", "choice")), "annotator") if c not in row]
    if missing:
        raise _wrong(path, n, f"without {', '.join(missing)}")
    try:
        texts = [row["a"], *([] if single else [row["b"]]), *(m["content"] for m in row["prompt"])]
        right = len(texts) > (1 if single else 2) and all(isinstance(text, str) for text in texts)
    except (TypeError, KeyError):
        right = False
    if not right:
        raise _wrong(path, n, "prompt is no list of messages, or an answer no text")
    said, able = ("score", judgements.SCORES) if "score" in row and single else ("choice", judgements.CHOICES)
    if row[said] not in able:
        raise _wrong(path, n, f"{said} {row[said]!r}")
    return {**row, "item": row.get("item") or judgements.item_id(row["prompt"], *texts[: 1 if single else 2])}


def _wrong(path, n, found):
    wanted = f"prompt, a, b, annotator, and choice: {', '.join(judgements.CHOICES)}; or a file of Argilla, Label Studio or TRL"
    return UserError(f"{path}, line {n}: {found}", wanted, f"sed -n {n}p {path}")


def table(compared):
    """{item: {annotator: choice}} of judgements as `judgements.counted` gives them; of somebody who judged an item twice, the first."""
    found = defaultdict(dict)
    for row in compared:
        found[row["item"]].setdefault(row["annotator"], row["choice"])
    return dict(found)


def majority(compared):
    """One pair per compared item of which one answer is preferred: by most, or where items were judged often enough to tell, by those who are to be trusted.

    Ties, and items whose two answers are equal, are left out.

    Args:
        compared: judgements as `judgements.counted` gives them.
    """
    judged, first = table(compared), {}
    for row in compared:
        first.setdefault(row["item"], row)
    known = trust.dawid_skene(judged)[1] if trust.enough(judged) else {i: Counter(said.values()) for i, said in judged.items()}
    pairs = []
    for item, row in first.items():
        lead = known[item].get("a", 0) - known[item].get("b", 0)
        if row["a"] != row["b"] and abs(lead) > 1e-9:
            chosen, rejected = (row["a"], row["b"]) if lead > 0 else (row["b"], row["a"])
            say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
            pairs.append({"prompt": row["prompt"], "chosen": say(chosen), "rejected": say(rejected), "annotators": "people"})
    return pairs
