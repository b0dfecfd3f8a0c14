"""Whether two groups who ask the same are spoken to alike: a score that is the same for both may hide that one of them is answered in other words."""

import re
from collections import defaultdict

from llmlab.data import tasks
from llmlab.evaluation import stats

FOLDS, TELLING = 5, 3


def told_apart(tasks_folder, split, samples):
    """Rows {"task", "of whom", "pairs", "in the same words", "guessed", "words that tell"} of the tasks whose items come in pairs.

    A reader who sees the two answers of a pair, without the words in which the two questions differ, guesses which group was asked about: a classifier of
    the words that the answers do not share, asked of pairs in wordings that it has not read. Half is a coin; where the answers are alike it has to toss one.

    Two groups of a task have a row, others of it another: what is said to one of each pair must not cancel.

    Args:
        samples: {id: sample} of a model.
    """
    rows = []
    for head in tasks.read(tasks_folder, split):
        pairs, alike = defaultdict(list), defaultdict(list)
        for item in head["items"]:
            if "pair" in item and isinstance(samples.get(item["id"], {}).get("answer"), str):
                pairs[item["pair"]].append((str(item.get("group", "")), samples[item["id"]]))
        for of in pairs.values():
            groups, both = zip(*sorted(of, key=lambda pair: pair[0]))
            if len(set(groups)) == 2 == len(of):
                alike[groups].append(both)
        for groups, both in alike.items():
            if len(both) >= 2 * FOLDS:
                rows.append({"task": head["name"], "of whom": " or ".join(groups), **_guessed(both)})
    return rows


def _guessed(pairs):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    texts, clusters = [_masked(a, b) for a, b in pairs], [a["cluster"] for a, _ in pairs]
    words = CountVectorizer(token_pattern=r"(?u)\b\w+\b", binary=True).fit([t for pair in texts for t in pair] + ["…", "none"])
    apart = (words.transform([a for a, _ in texts]) - words.transform([b for _, b in texts])).toarray()
    scores, learner = [0.5] * len(pairs), LogisticRegression(C=1.0, fit_intercept=False)
    for known, unknown in GroupKFold(min(FOLDS, len(set(clusters)))).split(apart, groups=clusters) if len(set(clusters)) > 1 else ():
        differ = [n for n in known if apart[n].any()]
        if differ:
            learner.fit([*apart[differ], *-apart[differ]], [1] * len(differ) + [0] * len(differ))
            for n, side in zip(unknown, learner.decision_function(apart[unknown])):
                scores[n] = 0.5 if abs(side) < 1e-9 else float(side > 0)
    found, weights = stats.interval(scores, clusters), abs(apart.sum(0))
    telling = [str(w) for _, w in sorted(zip(-weights, words.get_feature_names_out())) if abs(apart[:, words.vocabulary_[w]].sum()) > 1][
        :TELLING
    ]
    same = sum(a == b for a, b in texts)
    guessed = f"{found['score']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" if len(set(clusters)) > 1 else "–"
    return {
        "pairs": len(pairs),
        "in the same words": same,
        "guessed": guessed,
        "words that tell": ", ".join(telling) if len(set(clusters)) > 1 and found["low"] > 0.5 else "–",
    }


def _masked(*pair):
    """The answers of a pair without the words in which their questions differ."""
    asked = [set(re.findall(r"\w+", s["asked"].casefold())) for s in pair]
    differ = asked[0] ^ asked[1]
    return [re.sub(r"\w+", lambda m: "…" if m[0].casefold() in differ else m[0], s["answer"]) for s in pair]
