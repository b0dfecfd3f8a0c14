"""Human feedback: annotations in, agreement and preferences out.

An annotations file holds rows of `judgements`, or what another tool wrote (see `handover`). Without such a file the pairs of simulated annotators are used, and every place that shows them says so.
"""

import contextlib
import json
from collections import defaultdict
from pathlib import Path

from llmlab.data import handover, judgements
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
    rows = read(file(annotations))
    pairs, items = majority(rows), _items(rows)
    alike = sum(a == b for _, a, b in items)
    if not pairs:
        raise UserError(
            f"{file(annotations)}: {len(rows)} judgements, and no answer that more people prefer than its rival",
            "some items with a majority",
            "llmlab run RUN -p annotations=   (for simulated annotators)",
        )
    return pairs, {
        "annotators": f"{people} people" if (people := len({r["annotator"] for r in rows})) > 1 else "1 person",
        "pairs": len(pairs),
        "judgements": len(rows),
        "left out": f"{len(items) - len(pairs) - alike} without a majority, {alike} with equal answers",
        "agreement": alpha(rows),
        "measure": "Krippendorff's alpha",
    }


def who(pairs):
    """Who preferred one answer to the other, as the pairs say of themselves."""
    return ", ".join(sorted({str(p.get("annotators", "not said")) for p in pairs})) or "nobody"


def file(annotations):
    """Where an annotations file lies; a relative path is taken from the project's root."""
    return ROOT / Path(annotations).expanduser()


def read(path):
    """Judgements of a file, a line each or as one JSON list: llmlab's own rows, or what `handover` knows of other tools. A UserError names what is none."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise UserError(
            f"the annotations file {path} cannot be read: {why}",
            "a JSON-lines file, or nothing for simulated annotators",
            "llmlab run RUN -p annotations=",
        ) from None
    rows = []
    for n, line in _lines(path, text):
        rows += _judgements(path, n, line)
    return judgements.standing(rows)


def _lines(path, text):
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
            found = handover.rows(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _wrong(path, n, str(error) or "a layout that is broken") from None
        if found is not None:
            return found
    return [_judgement(path, n, record)]


def _judgement(path, n, row):
    """A row of llmlab's own format, or an error that names what is wrong with it."""
    scored = "score" in row and "b" not in row
    missing = [c for c in ("prompt", "a", *(() if scored else ("b", "choice")), "annotator") if c not in row]
    if missing:
        raise _wrong(path, n, f"without {', '.join(missing)}")
    try:
        texts = [row["a"], *([] if scored else [row["b"]]), *(m["content"] for m in row["prompt"])]
        right = len(texts) > (1 if scored else 2) and all(isinstance(text, str) for text in texts)
    except (TypeError, KeyError):
        right = False
    if not right:
        raise _wrong(path, n, "prompt is no list of messages, or an answer no text")
    if row["score"] not in judgements.SCORES if scored else row["choice"] not in judgements.CHOICES:
        raise _wrong(path, n, repr(row["score"] if scored else row["choice"]))
    return {**row, "item": row.get("item") or judgements.item_id(row["prompt"], *texts[: 1 if scored else 2])}


def _wrong(path, n, found):
    wanted = f"prompt, a, b, annotator, and choice: {', '.join(judgements.CHOICES)}; or a file of Argilla, Label Studio or TRL"
    return UserError(f"{path}, line {n}: {found}", wanted, f"sed -n {n}p {path}")


def _items(rows):
    """{(prompt, first answer, second answer): [(1, -1 or 0: first, second or tie; the row)]}, whichever side each was shown on."""
    items = defaultdict(list)
    for row in (r for r in rows if "b" in r and r["choice"] != "skip" and not r.get("repeat")):
        first, second = sorted((row["a"], row["b"]))
        side = {"a": 1, "b": -1}.get(row["choice"], 0) * (1 if row["a"] == first else -1)
        items[str(row["prompt"]), first, second].append((side, row))
    return items


def majority(rows):
    """One pair per compared item on which more annotators chose one side than the other; ties, and items whose two answers are equal, are left out."""
    pairs = []
    for (_, a, b), judged in _items(rows).items():
        lead = sum(side for side, _ in judged)
        if lead and a != b:
            chosen, rejected = (a, b) if lead > 0 else (b, a)
            say = lambda text: [{"role": "assistant", "content": text}]  # noqa: E731
            pairs.append({"prompt": judged[0][1]["prompt"], "chosen": say(chosen), "rejected": say(rejected), "annotators": "people"})
    return pairs


def alpha(rows):
    """Krippendorff's alpha for nominal judgements (1: perfect, 0: chance); None if no item was judged twice."""
    judged = [[side for side, _ in found] for found in _items(rows).values() if len(found) > 1]
    values = [v for c in judged for v in c]
    if not judged or len(set(values)) < 2:
        return None
    n = len(values)
    observed = sum(sum(c[i] != c[j] for i in range(len(c)) for j in range(len(c)) if i != j) / (len(c) - 1) for c in judged) / n
    counts = [values.count(v) for v in set(values)]
    expected = 1 - sum(k * (k - 1) for k in counts) / (n * (n - 1))
    return round(1 - observed / expected, 3)
