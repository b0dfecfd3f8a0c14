"""Human feedback: annotations in, agreement and preferences out.

Without a file of annotations the pairs of phase 2 are used; where simulated annotators judged them, every place that shows them says so.
"""

import json
import statistics
from collections import Counter, defaultdict
from pathlib import Path

from llmlab.data import annotated, judgements, layouts, teaching, trust
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl
from llmlab.spine.params import ROOT


def preferences(annotations, fallback, asked=frozenset(), keep=()):
    """(pairs for training, and answers that were rated alone, facts about them): from the annotations file if there is one, else those of phase 2.

    Args:
        annotations: path of a file of judgements, or "".
        fallback: JSON-lines file of pairs, which phase 2 has looked through.
        asked: questions of tasks, which must not be taught, as `exams.questions` gives them.
        keep: contacts that are no personal data; all others are masked.
    """
    if not annotations:
        rows = jsonl(fallback)
        alike = [len(set(said)) == 1 for r in rows if len(said := r.get(layouts.JUDGES, {}).values()) > 1]
        return rows, {
            "annotators": who(rows),
            **_counted(rows),
            "agreement": round(sum(alike) / len(alike), 3) if alike else None,
            "measure": "share of pairs on which all who judged them agree" if alike else "the pairs do not say who judged them",
        }
    rows, left_out = annotated.read(file(annotations))
    compared, on_scale = judgements.counted(rows), judgements.scored(rows)
    most, unsure, (best_and_worst, alone) = majority(compared), doubtful(table(compared)), ranked(on_scale)
    preferred = most + best_and_worst + alone
    told = teaching.untold(preferred, asked)
    pairs, unsound = teaching.sound(told, keep)
    left_out |= judgements.uncounted(rows) | {
        "items without a majority, or with equal answers": len({r["item"] for r in compared}) - len(most) - len(unsure),
        "most prefer one answer, and not those who are to be trusted": len(unsure),
        "answers scored alone, neither good nor bad": len({r["item"] for r in on_scale}) - 2 * len(best_and_worst) - len(alone),
        "is asked in a task": len(preferred) - len(told),
        **unsound,
    }
    reasons = ", ".join(f"{reason} ({n})" for reason, n in left_out.items() if n)
    if not pairs:
        raise UserError(
            f"{file(annotations)}: {len(rows)} judgements, and no answer that more people prefer than its rival and that no task asks for"
            + f"; left out: {reasons}" * bool(reasons),
            "some questions with a majority, or with two answers that were scored otherwise",
            "llmlab run RUN -p annotations=   (for the pairs of phase 2)",
        )
    return pairs, {
        "annotators": _people(compared + on_scale),
        **_counted(pairs),
        "judgements": len(compared + on_scale),
        "left out": reasons or "–",
        "decided by": _by(compared),
    }


def heard(annotations, fallback):
    """All judgements that the preferences rest on: those of an annotations file, else of whoever judged the pairs of phase 2, [] if nobody is named. Rows of
    simulated annotators say so ("simulated"). Arguments as `preferences` takes them."""
    return annotated.read(file(annotations))[0] if annotations else of_pairs(jsonl(fallback))


def of_pairs(pairs):
    """Judgements, as `judgements` has them, of pairs that say who preferred which answer."""
    return [row for pair in pairs for row in judgements.voted(pair)]


def prompts(rows):
    """{item: its prompt as a text} of judgements: several answers to one prompt were drawn together."""
    return {row["item"]: json.dumps(row["prompt"]) for row in rows}


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
    """How many judged, as far as they are named; those who are simulated are no people."""
    real = [r for r in rows if not r.get("simulated")]
    people = len({r["annotator"] for r in real if not r.get("unnamed")})
    named = f"{people} people" if people > 1 else "1 person" if people else ""
    others = (layouts.SIMULATED + " annotators" * bool(real)) * (len(real) < len(rows))
    return " and ".join(filter(None, (named, "annotators without names" * any(r.get("unnamed") for r in real), others)))


def _whose(rows):
    """Who gave some judgements, as pairs say it of themselves."""
    return ", ".join(sorted({layouts.SIMULATED if r.get("simulated") else layouts.PEOPLE for r in rows}))


def who(pairs):
    """Who preferred one answer to the other, as the pairs say of themselves, and no name that stands there."""
    said = {word for p in pairs for word in (layouts.whose(p["annotators"]).split(", ") if "annotators" in p else ["not said"])}
    return ", ".join(sorted(said)) or layouts.NOBODY


def file(annotations):
    """Where an annotations file lies; a relative path is taken from the project's root."""
    return ROOT / Path(annotations).expanduser()


def paired(thumbs):
    """(pairs of a good and a bad answer to the same prompt, thumbs that found no partner, how many thumbs were left out): of an answer that several people rated
    counts what most of them say. A thumb that counts `times` over finds as many partners; one that counts 0 times was not drawn, and finds none."""
    by_answer, by_prompt, pairs, alone = {}, {}, [], [row for row in thumbs if row.get("times", 1) < 1]
    drawn = [row for row in thumbs if row.get("times", 1) > 0]
    for row in drawn:
        by_answer.setdefault(json.dumps([row["prompt"], row["completion"]]), []).append(row)
    left_out = len(drawn)
    for said in by_answer.values():
        ahead = sum(row.get("times", 1) * (1 if row["label"] else -1) for row in said)
        if ahead:
            agree = next(row for row in said if row["label"] == (ahead > 0))
            times = max(row.get("times", 1) for row in said if row["label"] == agree["label"])
            by_prompt.setdefault(json.dumps(said[0]["prompt"]), ([], []))[ahead > 0].append({**agree, "times": times})
            left_out -= 1
    for bad, good in by_prompt.values():
        while bad and good:
            times = min(good[0]["times"], bad[0]["times"])
            pairs.append({**_both(good[0], bad[0]), "times": times})
            for side in (good, bad):
                side[0] = {**side[0], "times": side[0]["times"] - times}
                if not side[0]["times"]:
                    side.pop(0)
        alone += good + bad
    return pairs, alone, left_out


def _both(good, bad):
    """Two thumbs as a pair, with what both say of themselves."""
    told = {k: ", ".join(dict.fromkeys(str(t[k]) for t in (good, bad) if k in t)) for k in layouts.KEPT if k in good or k in bad}
    return {"prompt": good["prompt"], "chosen": good["completion"], "rejected": bad["completion"], **told}


def table(compared):
    """{item: {annotator: choice or score}} of judgements; of somebody who judged an item twice, the first."""
    found = defaultdict(dict)
    for row in compared:
        found[row["item"]].setdefault(row["annotator"], row["score"] if "score" in row else row["choice"])
    return dict(found)


SURE = 0.7  # that an answer is preferred, before a pair is made of it where the judges are weighed
CLEAR = 0.5  # of a point, by which the better of two scored answers is ahead, before a pair is made of them
USUAL = 5  # scores, the mean of all, that everybody is given beforehand where it is worked out how somebody usually scores


def ranked(rows):
    """(pairs, answers that stay alone), by the mean of what people said: of each prompt the best answer against the worst, if they differ clearly; every other one
    is liked or not, but for the middle of the scale, which says neither.

    Answers are ranked by how far a score lies above what its annotator usually gives, since a harsh person's 3 may be a lenient one's 5, and not everybody
    scores both answers. Whether an answer is liked is told by the scores as they were given; a pair says it of either ("liked"), for whoever learns from single answers,
    and how many like the chosen one ("votes"), for whoever takes it for right.
    """
    by_prompt, pairs, alone, scored = defaultdict(lambda: defaultdict(list)), [], [], judgements.scored(rows)
    usual = _usual(scored)
    for row in scored:
        by_prompt[json.dumps(row["prompt"])][row["a"]].append((row["score"], row["score"] - usual[row["annotator"]], row))
    for prompt, answers in by_prompt.items():
        means, ahead = ({a: statistics.fmean(s[n] for s in said) for a, said in answers.items()} for n in (0, 1))
        likes = {a: mean > judgements.MIDDLE for a, mean in means.items() if mean != judgements.MIDDLE}
        order = sorted(ahead, key=lambda a: (ahead[a], a))
        if ahead[order[-1]] - ahead[order[0]] >= CLEAR:
            worst, *order, best = order
            liked = {"chosen": likes.get(best), "rejected": likes.get(worst)}
            votes = _votes(score > judgements.MIDDLE for score, *_ in answers[best])
            judged = [row for *_, row in answers[best] + answers[worst]]
            pairs.append({**_pair(json.loads(prompt), best, worst, judged), "liked": liked, "votes": votes})
        thumbs = [
            {"completion": _say(a), "label": likes[a], "annotators": _whose([r for *_, r in answers[a]])} for a in order if a in likes
        ]
        alone += [{"prompt": json.loads(prompt), **thumb} for thumb in thumbs]
    return pairs, alone


def _usual(scored):
    """{annotator: the score that he usually gives}, nearer to everybody's the fewer there are of his."""
    by = defaultdict(list)
    for row in scored:
        by[row["annotator"]].append(row["score"])
    mean = statistics.fmean(r["score"] for r in scored) if scored else 0.0
    return {name: (sum(scores) + USUAL * mean) / (len(scores) + USUAL) for name, scores in by.items()}


def _say(text):
    return [{"role": "assistant", "content": text}]


def _pair(prompt, chosen, rejected, judged):
    return {"prompt": prompt, "chosen": _say(chosen), "rejected": _say(rejected), "annotators": _whose(judged)}


def _votes(prefer):
    """How many of those who judged are for the chosen answer, and how many said anything else: who they were is nobody's business who trains on it."""
    prefer = list(prefer)
    return {"chosen": sum(prefer), "other": len(prefer) - sum(prefer)}


def decided(judged, close=1e-6, times=None):
    """{item: (the preferred answer, how likely it is the better one)} of the items of which one is: by those who are to be trusted where `trust.weighed` can tell, and
    SURE; elsewhere by most votes, which say no likelihood but None. What is called a tie, or both bad, is left out.

    Args:
        judged: as `table` gives it; close, times: as `trust.dawid_skene` takes them.
    """
    found, (_, known) = {}, trust.weighed(judged, close, times)
    for item, said in judged.items():
        best, weight = _ahead(known.get(item) or Counter(said.values()))
        if best and (weight >= SURE or item not in known):
            found[item] = (best, weight if item in known else None)
    return found


def _ahead(weights):
    """(the answer that outweighs all else that was said, its weight); (None, 0) if none does."""
    best, *others = sorted(weights.items(), key=lambda told: -told[1])
    return best if best[0] in ("a", "b") and (not others or best[1] > others[0][1]) else (None, 0)


def doubtful(judged):
    """Items of which most prefer one answer, and which are not `decided`: those who are to be trusted are not SURE of it."""
    sure = decided(judged)
    return [item for item, said in judged.items() if item not in sure and _ahead(Counter(said.values()))[0]]


def majority(compared):
    """One pair per compared item of which one answer is preferred (see `decided`), with its votes; items whose two answers are equal are left out.

    Args:
        compared: judgements as `judgements.counted` gives them.
    """
    by_item, pairs = defaultdict(list), []
    for row in compared:
        by_item[row["item"]].append(row)
    for item, (best, likely) in decided(table(compared)).items():
        said = by_item[item]
        a, b = said[0]["a"], said[0]["b"]
        if a != b:
            told = {"votes": _votes(r["choice"] == best for r in said)} | ({} if likely is None else {"likelihood": round(likely, 4)})
            pairs.append(_pair(said[0]["prompt"], *((a, b) if best == "a" else (b, a)), said) | told)
    return pairs
