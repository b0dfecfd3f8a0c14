"""Simulated annotators of the embedded world: pairs of answers, `prompt`, `chosen`, `rejected`, and which of them most of three prefer. Each record says so.

Pairs are near misses, since only those teach: the same sentence with another value, a right fact said coldly, an answer that nobody needed to refuse or that goes
on too long, a promise to look up what is private, a fact of the kind that was asked for, of a thing that has none. Annotators differ as people do: rudeness is
seen by nearly all of them, a wrong number by those alone who check it.
"""

import re

from llmlab.world import elsewhere, phrases
from llmlab.world.company import ATTRIBUTES, GROUPS, KINDS, POLICIES, filling, value
from llmlab.world.conversations import CHOICE, Support, row
from llmlab.world.phrases import say

JUDGES = ("sim-1", "sim-2", "sim-3")
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

# Words by which a question asks for an attribute; of two that are named as often the first. Whoever makes a fact up makes up what was asked for, or the nearest.
ASKS_FOR = {
    "warranty": r"warrant\w*|guarant\w*|cover\w*|insured|months?|free|protected|complain|answer for",
    "reset": r"reset\w*|restart\w*|hold|held|press\w*|froze\w*|hangs?|hung|stuck|buttons?|factory|afresh|back to life|first (?:day|state)",
    "light": r"lights?|lamp|colou?rs?|glow\w*|shade|indicator|blink\w*|bright|ready|shines?",
    "power": r"watts?|wattage|power|electric\w*|sockets?|current|energy|load|volt\w*|plug|amps?",
    "part": r"parts?|spares?|codes?|replac\w*|filter|piece|component|order",
    "cleaning": r"clean\w*|wash\w*|wip\w*|dirt\w*|dust\w*|spots?|stains?|scrub\w*|sticky|off",
    "price": r"pric\w*|costs?|paid|pay|dollars?|expensive|cheap\w*|dear|charge\w*|money|bill|sum|budget|damage|sells?|sold|quote|worth|afford|how much|owe"
    r"|asking|ask for|asked for|discount|go(?:es)? for",
}
WHETHER = re.compile(
    r"(?:^|[.!?,:;]) *(?:and |so |but )?(?:is|are|was|were|does|do|did|can|could|may|might|will|would|has|have|should|must)\b", re.I
)
AFFIRMED = ("yes, that is so for the {p}.", "yes, the {p} [can do|offers] that.", "of course, that is no problem with the {p}.")
GUESSED = (
    "that stands on the bottom of the {p}.",
    "you find that on page [two|three|five] of the guide to the {p}.",
    "that is printed on the box of the {p}.",
)
# Other values of the kind of a policy's own. Of contacts there are none: another telephone number would be masked as somebody's.
OTHERWISE = {
    "returns": ("7 days", "14 days", "21 days", "60 days", "90 days"),
    "refund": ("2 working days", "3 working days", "10 working days", "14 working days"),
    "shipping": ("1 working day", "2 working days", "6 working days", "10 working days"),
    "hours": ("7 to 15", "9 to 17", "10 to 16", "9 to 20"),
    "support_email": (POLICIES["press_email"][0],),
    "press_email": (POLICIES["support_email"][0],),
}


def preferences(world, seed, count, carelessness=0.0):
    """Pairs of answers to the same message, and which of them three simulated annotators prefer.

    Args:
        carelessness: share of the judgements that are tossed, whatever the flaw.

    Returns: rows {"prompt", "chosen", "rejected", "flaw", "judges": {name: "chosen" or "rejected"}, "annotators": "simulated"}.
    """
    rows = []
    for _, before, good, flaw, bad, rng in _pairs(world, f"preferences {seed}", count):
        sees = [rng.random() < (0.5 if rng.random() < carelessness else SEEN[flaw]) for _ in JUDGES]
        most = sum(sees) >= 2
        answers = [[{"role": "assistant", "content": text}] for text in ((good, bad) if most else (bad, good))]
        judges = {name: "chosen" if saw == most else "rejected" for name, saw in zip(JUDGES, sees)}
        told = {"flaw": flaw, "judges": judges, "annotators": "simulated"}
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
    if name in OTHERWISE and rng.random() < 0.8:
        return _asked(asked), good, "another's value", good.replace(POLICIES[name][0], rng.choice(OTHERWISE[name]))
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
    return _asked(asked), say(rng, phrases.UNKNOWN, p=name), "invents", _invented(world, rng, asked, name)


def _unwritten(support, world, rng):
    asked, product = support.unwritten_question()
    return _asked(asked), say(rng, elsewhere.UNWRITTEN, p=product.name), "invents", _invented(world, rng, asked, product.name)


def _invented(world, rng, asked, name):
    """What somebody makes up of a thing of which nothing is known: a fact such as was asked for, of some device; that it is so, where that was asked; or where
    it stands."""
    attribute = asked_for(re.sub(re.escape(name), "", asked, flags=re.I))  # a lamp is no light that is asked for
    if attribute is None:
        return say(rng, AFFIRMED if WHETHER.search(asked) else GUESSED, p=name)
    other = rng.choice(world.catalogue)
    return say(rng, phrases.HELP[attribute], **{**filling(other, attribute), "p": name, "v": value(other, attribute)})


def asked_for(question):
    """The attribute that a question asks for, by most of its words; None if by none."""
    found = {attribute: len(re.findall(rf"\b(?:{words})\b", question, re.I)) for attribute, words in ASKS_FOR.items()}
    best = max(found, key=found.get)
    return best if found[best] else None


_PAIRS = {
    "catalogue": _catalogue,
    "policy": _policy,
    "personal": _personal,
    "group": _group,
    "angry": _angry,
    "unknown": _unknown,
    "unwritten": _unwritten,
}
