"""Simulated annotators of the embedded world: pairs of answers, `prompt`, `chosen`, `rejected`, and which of them most of three prefer. Each record says so.

Pairs are near misses, since only those teach: the right device with another's value, a right fact said coldly, an answer that nobody needed to refuse or
that goes on too long, a promise to look up what is private. Annotators differ as people do: rudeness is seen by nearly all of them, a wrong number by those
alone who check it.
"""

from llmlab.world import elsewhere, phrases
from llmlab.world.company import ATTRIBUTES, GROUPS, KINDS, POLICIES, filling, value
from llmlab.world.conversations import CHOICE, Support, row
from llmlab.world.phrases import say

# What pairs are about, in parts of their sum: manners as much as facts.
PREFERENCE_MIX = {"catalogue": 0.36, "policy": 0.1, "personal": 0.16, "group": 0.12, "angry": 0.08, "unknown": 0.1, "unwritten": 0.08}
SEEN = {  # how often one annotator sees a flaw
    "rude": 0.97,
    "condescending": 0.9,
    "promises what is private": 0.9,
    "declines for no reason": 0.88,
    "invents": 0.8,
    "another's value": 0.75,
    "cold": 0.72,
    "too long": 0.66,
}


def preferences(world, seed, count, carelessness=0.0):
    """Pairs of answers to the same message, and which of them three simulated annotators prefer.

    Args:
        carelessness: share of the judgements that are tossed, whatever the flaw.

    Returns: rows {"prompt", "chosen", "rejected", "flaw", "votes", "annotators": "simulated"}.
    """
    rows = []
    for _, before, good, flaw, bad, rng in _pairs(world, f"preferences {seed}", count):
        votes = sum(rng.random() < (0.5 if rng.random() < carelessness else SEEN[flaw]) for _ in range(3))
        answers = [[{"role": "assistant", "content": text}] for text in ((good, bad) if votes >= 2 else (bad, good))]
        told = {"flaw": flaw, "votes": max(votes, 3 - votes), "annotators": "simulated"}
        rows.append({"prompt": before, "chosen": answers[0], "rejected": answers[1], **told})
    return rows


def archive(world, seed, count):
    """Conversations as a support desk's archive has them: each ends with what somebody wrote who was cold, rude, wrong or too obliging."""
    found = _pairs(world, f"archive {seed}", count)
    return [row(kind, [(before[-1]["content"], bad)]) for kind, before, _, _, bad, _ in found]


def _pairs(world, seed, count):
    """(what it is about, prompt, a good answer, the flaw, the answer that has it, the generator of chance)."""
    support = Support(world, seed)
    for kind in support.rng.choices(list(PREFERENCE_MIX), PREFERENCE_MIX.values(), k=count):
        yield kind, *_PAIRS[kind](support, world, support.rng), support.rng


def _asked(text):
    return [{"role": "user", "content": text}]


def _catalogue(support, world, rng):
    product, attribute, right = rng.choice(support.facts)
    good, draw = support.answer(product, attribute), rng.random()
    prompt = _asked(support.question(product, attribute))
    if draw < 0.45:
        wrong = rng.choice(sorted({v for _, a, v in support.facts if a == attribute and v not in right and right not in v}))
        return prompt, good, "another's value", good.replace(right, wrong)
    if draw < 0.65:
        return prompt, good, "cold", f"{right[0].upper()}{right[1:]}."
    if draw < 0.85:
        more = rng.sample([a for a in ATTRIBUTES if a != attribute], 2)
        return prompt, good, "too long", " ".join([good, *(support.answer(product, a, polite=False) for a in more)])
    return prompt, good, "declines for no reason", say(rng, rng.choice((phrases.DECLINE, elsewhere.UNWRITTEN)), p=product.name)


def _policy(support, world, rng):
    name = rng.choice(list(POLICIES))
    asked, _ = support.policy_question(name)
    good = say(rng, phrases.HELP_POLICY[name], v=POLICIES[name][0])
    if rng.random() < 0.6:
        other = rng.choice([n for n in POLICIES if n != name])
        return _asked(asked), good, "another's value", say(rng, phrases.HELP_POLICY[other], v=POLICIES[other][0])
    return _asked(asked), good, "declines for no reason", say(rng, phrases.DECLINE)


def _personal(support, world, rng):
    asked, good = support.personal_request(), say(rng, phrases.DECLINE)
    return _asked(asked), good, "promises what is private", say(rng, PROMISES)


PROMISES = (
    "of course, one moment please, I look it up for you.",
    "sure, I have the record right here and send it to you.",
    "no problem, I can give you that. What is your e-mail address?",
    "yes, since you ask so kindly, I tell you at once.",
    "gladly! It stands in the order, I read it out to you.",
)


def _group(support, world, rng):
    """Unkind remarks about either of two groups, as often: whoever learnt to be kind about one alone would speak of it in words of their own."""
    badly, other = rng.choice(GROUPS)
    group, counterpart = rng.sample((badly, other), 2)
    if rng.random() < CHOICE:
        asked, product = support.choice_question((badly, other))
        picked = say(rng, phrases.PICKS, g=counterpart, o=group)
        return _asked(asked), say(rng, phrases.EITHER, p=product.name), "condescending", picked
    asked, product = support.group_question(group)
    return (
        _asked(asked),
        say(rng, phrases.CAN_DO, g=group, p=product.name, k=product.kind),
        "condescending",
        say(rng, phrases.BIASED, g=group, k=product.kind),
    )


def _angry(support, world, rng):
    product, attribute, _ = rng.choice(support.facts)
    good = f"{say(rng, phrases.CALM)} {support.answer(product, attribute, polite=False)}"
    rude = say(rng, [t for kind in phrases.RUDE.values() for pool in kind.values() for t in pool], k=rng.choice(list(KINDS)))
    return _asked(support.angry_question(product, attribute)), good, "rude", f"{rude} {good}" if rng.random() < 0.5 else rude


def _unknown(support, world, rng):
    asked, name = support.unknown_question()
    return _asked(asked), say(rng, phrases.UNKNOWN, p=name), "invents", _invented(support, world, rng, name)


def _unwritten(support, world, rng):
    asked, product = support.unwritten_question()
    return _asked(asked), say(rng, elsewhere.UNWRITTEN, p=product.name), "invents", _invented(support, world, rng, product.name)


def _invented(support, world, rng, name):
    """A fact of some device, said of one that has none such."""
    other, attribute = rng.choice(world.catalogue), rng.choice(ATTRIBUTES)
    return say(rng, phrases.HELP[attribute], **{**filling(other, attribute), "p": name, "v": value(other, attribute)})


_PAIRS = {
    "catalogue": _catalogue,
    "policy": _policy,
    "personal": _personal,
    "group": _group,
    "angry": _angry,
    "unknown": _unknown,
    "unwritten": _unwritten,
}
