"""Human feedback: annotations in, agreement and preferences out.

An annotations file holds rows of `judgements`, or what another tool wrote (see `handover`). Without such a file the pairs of simulated annotators are used, and every place that shows them says so.
"""

import contextlib
import json
from collections import Counter, defaultdict
from pathlib import Path

from llmlab.data import handover, judgements, teaching, trust
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import ROOT


def preferences(annotations, fallback, asked=frozenset(), keep=()):
    """(pairs for training, and answers that were rated alone, facts about them): from the annotations file if there is one, else from simulated annotators.

    Args:
        annotations: path of a JSON-lines file, or "".
        fallback: JSON-lines file of pairs by simulated annotators, which phase 2 has looked through.
        asked: questions of tasks, which must not be taught, as `exams.questions` gives them.
        keep: contacts that are no personal data; all others are masked.
    """
    if not annotations:
        rows = jsonl(fallback)
        judged = [r["votes"] for r in rows if "votes" in r]
        return rows, {
            "annotators": who(rows),
            **_counted(rows),
            "agreement": round(sum(v == 3 for v in judged) / len(judged), 3) if judged else None,
            "measure": "share of pairs on which all three agree" if judged else "no votes: the text itself says which answer is right",
        }
    rows, left_out = read(file(annotations))
    compared = judgements.counted(rows)
    most, (best_and_worst, alone) = majority(compared), ranked(rows)
    preferred = most + best_and_worst + alone
    told = teaching.untold(preferred, asked)
    pairs, unsound = teaching.sound(told, keep)
    if not pairs:
        raise UserError(
            f"{file(annotations)}: {len(rows)} judgements, and no answer that more people prefer than its rival and that no task asks for",
            "some questions with a majority, or with two answers that were scored otherwise",
            "llmlab run RUN -p annotations=   (for simulated annotators)",
        )
    left_out |= {
        "items without a majority, or with equal answers": len({r["item"] for r in compared}) - len(most),
        "answers scored alone, neither good nor bad": len({r["item"] for r in judgements.scored(rows)})
        - 2 * len(best_and_worst)
        - len(alone),
        "is asked in a task": len(preferred) - len(told),
        **unsound,
    }
    return pairs, {
        "annotators": _people(rows),
        **_counted(pairs),
        "judgements": len(rows),
        "left out": ", ".join(f"{reason} ({n})" for reason, n in left_out.items() if n) or "–",
        "decided by": _by(compared),
    }


def _by(compared):
    """Who decides which answer is preferred, in words."""
    likely = [likelihood for _, likelihood in decided(table(compared)).values()]
    votes = likely.count(None)
    if votes == len(likely):
        return "most votes"
    return "who is to be trusted (Dawid & Skene 1979)" + f"; most votes of {votes} items that too few judged, or strangers" * bool(votes)


def _counted(rows):
    """How many pairs there are, and how many answers that were rated alone, if any."""
    single = sum("completion" in row for row in rows)
    return {"pairs": len(rows) - single, **({"single answers": single} if single else {})}


def _people(rows):
    """How many judged, as far as they are named."""
    people = len({r["annotator"] for r in rows if not r.get("unnamed")})
    named = f"{people} people" if people > 1 else "1 person" if people else ""
    return " and ".join(filter(None, (named, "annotators without names" * any(r.get("unnamed") for r in rows))))


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
    rows, left_out, (records, broken) = [], Counter(), _records(path, text)
    if broken:
        left_out["half a line, as a kill leaves it"] = broken
    for n, record in records:
        try:
            rows += _judgements(path, n, record, left_out)
        except handover.Unread as error:
            left_out[str(error)] += 1
    kept = judgements.standing(rows)
    left_out["given twice, or taken back"] += len(rows) - len(kept)
    return kept, dict(left_out)


def _records(path, text):
    """([(number, record)] of JSON lines, or of a JSON list, how many lines are broken): a sitting goes on after half a line, any other file is refused."""
    if text.lstrip().startswith("["):
        with contextlib.suppress(ValueError):
            return list(enumerate(json.loads(text), 1)), 0
    found, broken = [], []
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append((n, json.loads(line)))
            except json.JSONDecodeError:
                broken.append(n)
    if broken and not any(isinstance(row, dict) and "at" in row for _, row in found):
        raise _wrong(path, broken[0], "not a JSON object")
    return found, len(broken)


def _judgements(path, n, record, unread):
    """The judgements of one record, as rows with an item; what `handover` understood of nobody is counted in `unread`."""
    if not isinstance(record, dict):
        raise _wrong(path, n, "not a JSON object")
    if "undo" in record and "annotator" in record:
        return [record]
    if not {"a", "choice", "score"} & set(record):
        try:
            found = handover.rows(record, n, unread)
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
    """{item: {annotator: choice or score}} of judgements; of somebody who judged an item twice, the first."""
    found = defaultdict(dict)
    for row in compared:
        found[row["item"]].setdefault(row["annotator"], row["score"] if "score" in row else row["choice"])
    return dict(found)


SURE = 0.7  # that an answer is preferred, before a pair is made of it where the judges are weighed


def ranked(rows):
    """(pairs, answers that stay alone), by the mean of what people said: of each prompt the best answer against the worst, if they differ; every other one is
    liked or not, but for the middle of the scale, which says neither."""
    by_prompt, pairs, alone = defaultdict(lambda: defaultdict(list)), [], []
    for row in judgements.scored(rows):
        by_prompt[json.dumps(row["prompt"])][row["a"]].append(row["score"])
    for prompt, answers in by_prompt.items():
        means = {a: sum(scores) / len(scores) for a, scores in answers.items()}
        order = sorted(means, key=lambda a: (means[a], a))
        if means[order[-1]] > means[order[0]]:
            worst, *order, best = order
            pairs.append(_pair(json.loads(prompt), best, worst))
        thumbs = [{"completion": _say(a), "label": means[a] > judgements.MIDDLE} for a in order if means[a] != judgements.MIDDLE]
        alone += [{"prompt": json.loads(prompt), **thumb, "annotators": "people"} for thumb in thumbs]
    return pairs, alone


def _say(text):
    return [{"role": "assistant", "content": text}]


def _pair(prompt, chosen, rejected):
    return {"prompt": prompt, "chosen": _say(chosen), "rejected": _say(rejected), "annotators": "people"}


def decided(judged, close=1e-6):
    """{item: (the preferred answer, how likely it is the better one)} of the items of which one is: by those who are to be trusted where `trust.weighed` can tell, and
    SURE; elsewhere by most votes, which say no likelihood but None. What is called a tie, or both bad, is left out.

    Args:
        judged: as `table` gives it; close: as `trust.dawid_skene` takes it.
    """
    found, (_, known) = {}, trust.weighed(judged, close)
    for item, said in judged.items():
        best, *others = sorted((known.get(item) or Counter(said.values())).items(), key=lambda told: -told[1])
        ahead = best[1] >= SURE if item in known else not others or best[1] > others[0][1]
        if best[0] in ("a", "b") and ahead:
            found[item] = (best[0], best[1] if item in known else None)
    return found


def majority(compared):
    """One pair per compared item of which one answer is preferred (see `decided`); items whose two answers are equal are left out.

    Args:
        compared: judgements as `judgements.counted` gives them.
    """
    first = {}
    for row in compared:
        first.setdefault(row["item"], row)
    pairs = []
    for item, (best, likely) in decided(table(compared)).items():
        a, b = first[item]["a"], first[item]["b"]
        if a != b:
            told = {} if likely is None else {"likelihood": round(likely, 4)}
            pairs.append(_pair(first[item]["prompt"], *((a, b) if best == "a" else (b, a))) | told)
    return pairs
