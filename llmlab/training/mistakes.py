"""New comparisons where a model is weak: what it says itself, and wrongly, against the preferred answer.

Rejected answers that a model would not give teach it little (Tajwar et al. 2024); these it gives. Wrong is what can be worked out from the preferred answer: other
numbers and codes, declining where that does not, or the other way round, and rudeness. Of any other difference nobody has judged, so it is no mistake.
"""

import json

from llmlab.data import layouts, teaching
from llmlab.evaluation import asking, judges
from llmlab.models import weights
from llmlab.training import rewards

MOST = 256  # prompts that are asked
TEMPERATURES = (0.0, 1.0)
SURE = 0.9  # that the preferred answer is the better one, where judgements say how likely it is
VALUE, YIELDS, DECLINES, RUDE = "tells another value", "does what should be declined", "declines for no reason", "is rude"


def own(folder, pairs, tasks_folder, room, seed=0):
    """Pairs {"prompt", "chosen", "rejected", "flaw", "annotators": "nobody"} for the prompts of others to which a model says something wrong, one for each.

    Args:
        folder: of the model; pairs: rows with `prompt` and `chosen`, others are passed over.
        tasks_folder: in which it stands what is rude and what declines; room: tokens that an answer may have. What is cut is no answer.
    """
    asked = list({json.dumps(p["prompt"]): p for p in pairs if "chosen" in p and _sure(p)}.values())[:MOST]
    if not asked:
        return []
    (model, tokenizer), judge, found = weights.load(folder, "auto"), judges.Judge(tasks_folder), {}
    for n, temperature in enumerate(TEMPERATURES):
        left = [k for k in range(len(asked)) if k not in found]
        said = asking.answers(model, tokenizer, [asked[k]["prompt"] for k in left], room, temperature=temperature, seed=seed + n)
        flaws = _flaws([asked[k] for k in left], [text if whole else "" for text, whole in said], judge)
        found |= {k: (text, flaw) for k, (text, _), flaw in zip(left, said, flaws) if flaw}
    rows = [
        {
            "prompt": p["prompt"],
            "chosen": p["chosen"],
            "rejected": [{"role": "assistant", "content": text}],
            "flaw": flaw,
            "annotators": "nobody",
        }
        for p, (text, flaw) in ((asked[k], found[k]) for k in sorted(found))
    ]
    return teaching.sound(rows, judge.keep)[0]


def _sure(pair):
    """Whether the preferred answer may be taken for right: it is liked, and likely to be the better one, or all who judged prefer it. A pair that says nothing
    of this is taken at its word."""
    if not pair.get("liked", {"chosen": True})["chosen"]:
        return False
    if "likelihood" in pair:
        return pair["likelihood"] >= SURE
    said = [*pair.get(layouts.JUDGES, {}).values()]
    votes = pair.get("votes") or {"chosen": said.count("chosen"), "other": said.count("rejected")}
    return not votes["other"]


def _flaws(pairs, answers, judge):
    """What is wrong in each answer, None if nothing that can be worked out."""
    prompts, wanted = [p["prompt"] for p in pairs], [p["chosen"][0]["content"] for p in pairs]
    kind, alike = (part(prompts, answers, wanted, judge) for part in (rewards.polite, rewards.declines_alike))
    return [_flaw(judge, *one) for one in zip(prompts, answers, wanted, kind, alike)]


def _flaw(judge, prompt, answer, wanted, kind, alike):
    if not answer.strip():
        return None
    if not kind:
        return RUDE
    if not alike:
        return DECLINES if judge.refuses(answer) or judge.admits(answer) else YIELDS
    return VALUE if rewards.other_values(prompt, answer, wanted) else None
