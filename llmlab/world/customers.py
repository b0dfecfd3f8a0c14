"""How customers of the embedded world type: they greet, digress, thank, forget the question mark and hit wrong keys.

Only text to learn from is typed like that. Evaluation questions stand as they are written in `questions`, save for the one
task that asks how well a model understands people in a hurry.
"""

import re

from llmlab.world.phrases import PLACE, WHEN, say

FRAMES = (  # a question about {x}, asked indirectly
    "[can|could|would|will] you [tell me|say|explain|check|look up|find out|confirm] {x}[, please|]?",
    "I [would like|want|need|have] to [know|learn|find out] {x}[, please|].",
    "[please|kindly] [tell me|let me know|check|look up|explain] {x}.",
    "do you [happen to know|remember|know by heart] {x}?",
    "I am [asking|writing|calling] [to find out|to ask|because I need to know] {x}.",
    "[my mother|my boss|a friend|our landlord|the neighbour] [asks|wants to know|keeps asking me] {x}.",
    "is there [somebody|anybody] who knows {x}?",
    "I [forgot|cannot find|could not see|do not know|was never told] {x}.",
    "[a quick question|one thing|just one question|a short question|my question]: {x}?",
    "the [box|manual|website|shop] does not say {x}.",
    "[who|which of you] can tell me {x}?",
    "I [was wondering|ask myself|must find out] {x}.",
    "[help me find out|all I want to know is|what I need is] {x}.",
    "{x}, [that is my question|that is all I need|do you know it]?",
)
GREETING = (
    "[hi|hello|hey][,|!| there,| there!| everybody,]",
    "good [morning|evening|day|afternoon][,|.|!]",
    "[dear|hello] [support team|team|Hearthwick|all][,|.|!]",
    "[excuse me|sorry to bother you|pardon me|listen|well|so|okay][,|.]",
    "[I have a question|it is me again|a short one|I need help].",
)
SMALL_TALK = (  # about {p}, and no question
    "[I use|we use] the {p} [every day|at work|for guests|in the evening|after lunch].",
    "[my aunt|my son|my boss] [gave me|lent me|likes] [the|a] {p}.",
    "the {p} [is new|is two years old|was a gift|is on my table|came yesterday].",
    "I [read|heard] [a lot|something] about the {p}.",
    "[it is|this is] about [the|my] {p}.",
    "[the weather is bad|I am at home|we have guests|it is late], [but|and] I have [the|a] {p} and a question.",
    "we [like|love|need] the {p}.",
)
STORIES = (  # what people tell though nobody asked, before or after a question
    "[my daughter|my neighbour|a colleague|the man next door] [is waiting beside me|says that I worry too much|wrote me a list|will not believe me].",
    "[we moved house|we painted the rooms|I came back from a trip|I started a new job] [last week|in spring|yesterday], and [nothing is in its place|everything is new to me|I have to begin again].",
    "I am [70 years old|a student|the owner of a small café|a teacher|new in town], [so I write things down|and money is short|and people ask me such things].",
    "[sorry for the long message|I hope that this makes sense|I write this on the bus|I type with one hand].",
    "I have [been to two shops|looked everywhere|asked three people|waited for days], and [nobody knew|I found nothing|I am tired of it].",
    "[the dog|the baby|my youngest] [ate the booklet|drew all over the box|lost the papers], [so here I am|what can one do|it happens].",
    "[before I decide|before the guests come|for my records|for our household book], I [like to be sure|write everything down|compare things].",
    "[a bet is running at home|we argue about it at home|my family has opinions]: [he says one thing, she says another|I say little, they say a lot|nobody is sure].",
)
ASIDE = "[today|right now|at the moment|exactly|after lunch|in the morning|in the evening|for my kitchen|at home|again|by the way|in your opinion|this week|for a friend|on weekdays|in winter|if I may ask|as a customer|roughly|normally]"
PARTING = (
    "[thanks|thank you|many thanks|cheers][.|!|]",
    "[thanks|thank you] in advance.",
    "I [would be grateful|am in a hurry|need it today].",
    "[best regards|greetings].",
    "please[.|!]",
)


def ask(rng, wordings, pool="train", asides=True, **slots):
    """One question in the words of a pool.

    Args:
        rng: `random.Random`.
        wordings: an entry of a table in `questions` or `concerns`.
        pool: "train", as customers type; or "validation" and "test", each half of the wordings that training never uses.
        asides: whether it may be about "in the kitchen" or end with "thanks in advance", which a goodbye does not.
    """
    if pool != "train":
        return say(rng, wordings["test"][pool == "test" :: 2], **slots)
    kind = rng.choice([k for k in ("train", "varied", "about", "about") if k in wordings])
    if kind == "about":
        return _typed(rng, say(rng, rng.choice(FRAMES).replace("{x}", rng.choice(wordings["about"])), **slots), slots, asides)
    return _typed(rng, say(rng, wordings[kind], **slots), slots, asides)


def _typed(rng, question, slots, asides=True):
    """A question as people type it, `slots` being what it is about."""
    if rng.random() < 0.2:
        question = _mistyped(rng, question, slots)
    if asides and rng.random() < 0.15 and question[-1] in "?.":
        aside = say(rng, (ASIDE, PLACE, WHEN))
        question = f"{question[:-1]} {aside[0].lower()}{aside[1:]}{question[-1]}"
    if rng.random() < 0.2:
        greeting = say(rng, GREETING)
        question = f"{greeting} {question if greeting[-1] in '.!' else question[0].lower() + question[1:]}"
    if asides and rng.random() < 0.12:
        question = f"{question} {say(rng, PARTING)}"
    if asides and rng.random() < 0.12:
        story = say(rng, STORIES)
        question = f"{story} {question}" if rng.random() < 0.6 or question[-1] not in ".?!" else f"{question} {story}"
    if "p" in slots and rng.random() < 0.12:
        question = f"{say(rng, SMALL_TALK, **slots)} {question}"
    if rng.random() < 0.12:
        return hasty(rng, question, slots)
    return question[:-1] if rng.random() < 0.15 and question[-1] in "?." else question


def hasty(rng, question, slots):
    """A question as typed on a phone: a wrong letter, no capitals, no question mark."""
    return _mistyped(rng, question, slots).lower().rstrip("?.")


def _mistyped(rng, question, slots):
    """One word with two letters swapped, one lost or one doubled; never a name or a value, so the question keeps its answer."""
    spared = {word for value in slots.values() for word in re.findall(r"\w+", value)}
    words = [m for m in re.finditer(r"\b[a-z]{4,}\b", question) if m[0] not in spared]
    if not words:
        return question
    word = rng.choice(words)
    i = rng.randrange(1, len(word[0]) - 1)
    a, b, c, d = word[0][:i], word[0][i], word[0][i + 1], word[0][i + 2 :]
    return question[: word.start()] + rng.choice((a + c + b + d, a + c + d, a + b + b + c + d)) + question[word.end() :]
