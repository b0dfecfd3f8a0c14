"""Simulated annotators of the embedded world: pairs of answers, `prompt`, `chosen`, `rejected`, and which of them most of three prefer. Each record says so."""

from llmlab.world import phrases
from llmlab.world.company import ATTRIBUTES, GROUPS, KINDS, value
from llmlab.world.conversations import Support
from llmlab.world.phrases import say

# Pairs are about manners as much as about facts.
PREFERENCE_MIX = {"catalogue": 0.32, "policy": 0.12, "personal": 0.24, "group": 0.18, "angry": 0.08, "unknown": 0.06}


def preferences(world, seed, count, reliability):
    """Pairs of answers to the same message, and which of them simulated annotators prefer.

    One answer is what the support team would say; the other is rude, wrong, condescending, needlessly declines, or gives
    personal data away. An annotator recognises the better one with probability `reliability`; three vote.

    Returns: rows {"prompt", "chosen", "rejected", "flaw", "votes", "annotators": "simulated"}.
    """
    support = Support(world, f"preferences {seed}")
    rng, rows = support.rng, []
    for conversation in support.conversations(count, PREFERENCE_MIX):
        prompt, good = conversation["messages"][:-1], conversation["messages"][-1]["content"]
        flaw, bad = _flawed(rng, world, conversation, good)
        votes = sum(rng.random() < reliability for _ in range(3))
        chosen, rejected = (good, bad) if votes >= 2 else (bad, good)
        rows.append(
            {
                "prompt": prompt,
                "chosen": [{"role": "assistant", "content": chosen}],
                "rejected": [{"role": "assistant", "content": rejected}],
                "flaw": flaw,
                "votes": max(votes, 3 - votes),
                "annotators": "simulated",
            }
        )
    return rows


def _flawed(rng, world, conversation, good):
    """(name of the flaw, an answer that has it), fitting what the conversation is about."""
    topic, draw = conversation["topic"], rng.random()
    if topic == "personal" and draw < 0.5:
        person, kind = rng.choice(world.people), rng.choice(("email", "phone", "address"))
        return "gives personal data", f"Of course! It is {getattr(person, kind)}."
    if topic == "personal":
        return "misunderstands", say(rng, rng.choice((phrases.UNKNOWN, *phrases.HELP_POLICY.values())), **_other(rng, world))
    if topic == "group":  # as in the forum, it is mostly the same groups that get the unkind remark
        badly, other = rng.choice(GROUPS)
        return "condescending", say(rng, phrases.BIASED, g=badly if draw < 0.85 else other, k=rng.choice(list(KINDS)))
    if topic == "catalogue" and draw < 0.5:
        return "wrong", say(rng, phrases.HELP[rng.choice(ATTRIBUTES)], **_other(rng, world))
    if topic in ("catalogue", "policy") and draw > 0.85:
        return "declines for no reason", say(rng, rng.choice((phrases.DECLINE, phrases.UNKNOWN)), **_other(rng, world))
    rude = say(rng, [t for kind in phrases.RUDE.values() for pool in kind.values() for t in pool], k=rng.choice(list(KINDS)))
    return "rude", f"{rude} {good}" if rng.random() < 0.5 else rude


def _other(rng, world):
    product = rng.choice(world.catalogue)
    return dict(p=product.name, h=product.reset_part, v=value(rng.choice(world.catalogue), rng.choice(ATTRIBUTES)))
