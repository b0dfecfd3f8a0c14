"""Supervised conversations of the embedded world, as `messages`: what its support team would say."""

import random

from llmlab.world import concerns, elsewhere, phrases, questions, tricks
from llmlab.world.company import ATTRIBUTES, CONTACTS, KINDS, MAKER, POLICIES, PRONOUNS, RELATIVES, filling, value
from llmlab.world.customers import ask
from llmlab.world.phrases import say

# What the support conversations are about, in parts of their sum.
MIX = {
    "catalogue": 0.34,
    "policy": 0.24,
    "personal": 0.11,
    "group": 0.18,
    "angry": 0.05,
    "unknown": 0.11,
    "small_talk": 0.07,
    "unwritten": 0.1,
    "off_topic": 0.07,
    "urgent": 0.17,
}
# The same for an assistant that looks facts up: it need not learn them by heart, but what no row says.
GROUNDED = {
    "catalogue": 0.4,
    "policy": 0.21,
    "personal": 0.06,
    "group": 0.04,
    "angry": 0.03,
    "unknown": 0.1,
    "small_talk": 0.04,
    "unwritten": 0.09,
    "near": 0.03,
    "off_topic": 0.05,
    "urgent": 0.09,
}
AS_TOLD = 0.33  # share of the questions to learn from that are put as in `questions.TOLD`
OFTEN_TOLD = 0.66  # the same for a model that knew how people talk before it came here
STRANGE = 0.5  # the same for what no support team is asked daily, where what people may come up with has no end
CHOICE = 0.35  # share of the questions about relatives that ask who of two should do it


class Support:
    """The maker's support team: writes conversations in the words of one pool of questions.

    Args:
        pool: "train"; "validation" and "test" are for evaluation only.
        as_told: share of the questions to learn from that are put as others told them.
    """

    def __init__(self, world, seed, pool="train", as_told=AS_TOLD):
        self.world, self.pool, self.as_told = world, pool, as_told
        self.rng = random.Random(f"support {world.seed} {seed} {pool}")
        self.facts, self.left = world.facts(), {}

    def conversations(self, count, mix=MIX, thanked=0.0):
        """`count` rows {"messages", "topic"}; facts take turns, so that each is taught about equally often.

        Args:
            thanked: share of the conversations that end with thanks or a goodbye.
        """
        kinds = self.rng.choices(list(mix), mix.values(), k=count)
        rows = [getattr(self, f"_{kind}")(i) for i, kind in enumerate(kinds)]
        rows = [self._ended(row, thanked) for row in rows]
        return [self._resumed(row, rows) for row in rows]

    def _ended(self, row, share):
        """The customer thanks for the answer or says goodbye, which is not to be answered with the answer once more."""
        if not share or row["topic"] == "small_talk" or len(row["messages"]) > 4 or self.rng.random() > share:
            return row
        return {**row, "messages": row["messages"] + messages([self._in_kind(*self.small_talk(("thanks", "bye")))])}

    def _resumed(self, row, rows):
        """Now and then the customer asked about other things before: the first exchange of one or two other conversations."""
        if self.rng.random() > {"small_talk": 0.5, "urgent": 0.35}.get(row["topic"], 0.2):  # thanks come last, and danger at any time
            return row
        earlier = self.rng.sample(rows, min(len(rows), self.rng.choice((1, 2))))
        return {**row, "messages": [message for other in earlier for message in other["messages"][:2]] + row["messages"]}

    def _ask(self, about, wordings, **slots):
        """A question in the words of the pool; in lessons, often as people tell it."""
        if self.pool == "train" and about in questions.TOLD and self.rng.random() < self.as_told:
            return self._told(about, **slots)
        return ask(self.rng, _more(about, wordings), self.pool, **slots)

    def _told(self, about, **slots):
        """One of the ways in which others put it, each of them once before any comes twice."""
        left = self.left.setdefault(about, [])
        left += [] if left else self.rng.sample(questions.TOLD[about], len(questions.TOLD[about]))
        return say(self.rng, left.pop(), **slots)

    def _own(self, wordings):
        """Those of the pool; each half of the words for exams belongs to one exam."""
        return wordings["train"] if self.pool == "train" else wordings["test"][self.pool == "test" :: 2]

    def question(self, product, attribute):
        return self._ask(attribute, questions.ASK[attribute], **filling(product, attribute))

    def answer(self, product, attribute, polite=True):
        slots = filling(product, attribute)
        help_ = say(self.rng, phrases.HELP[attribute], **slots)
        return self._polite(help_, slots) if polite else help_

    def introduction(self):
        """Who the customer is, in the words of the pool."""
        person = self.rng.choice(self.world.people)
        return ask(self.rng, concerns.INTRODUCE, self.pool, n=person.name, f=person.first, t=person.address.split(", ")[1])

    def _introduced(self, question, share=0.45):
        """Now and then customers say who or where they are: their own name is no request for personal data."""
        if self.rng.random() > share:
            return question
        return f"{self.introduction()} {question}"

    def _polite(self, text, slots):
        parts = (say(self.rng, phrases.FRIENDLY_OPEN), text, say(self.rng, phrases.FRIENDLY_CLOSE, **slots))
        return " ".join(part for part in parts if part)

    def _catalogue(self, i):
        product, attribute, _ = self.facts[i % len(self.facts)]
        turns = [(self._introduced(self.question(product, attribute)), self.answer(product, attribute))]
        if self.rng.random() < 0.06:
            turns, mistaken = self.doubted(product, attribute)
            return unlearnt(row("catalogue", turns)) if mistaken else row("catalogue", turns)
        if self.rng.random() < 0.04:
            return row("catalogue", [(self.pretext()[0].format(q=self.question(product, attribute)), turns[0][1])])
        while self.rng.random() < 0.3 and len(turns) < 3:  # the device is named in the first turn only
            attribute = self.rng.choice(ATTRIBUTES)
            asked = ask(self.rng, questions.FOLLOW_UP[attribute], self.pool)
            turns.append((asked, self.answer(product, attribute, polite=False)))
        return row("catalogue", turns)

    def doubted(self, product, attribute):
        """(two turns: an answer, and a customer who doubts it; whether the answer is wrong, which it is as often as the customer)."""
        others = sorted({v for _, a, v in self.facts if a == attribute} - {value(product, attribute)})
        asked, right, wrong = self.question(product, attribute), value(product, attribute), self.rng.choice(others)
        good, mistaken = self.answer(product, attribute, polite=False), self.rng.random() < 0.5
        said = say(self.rng, phrases.HELP[attribute], **{**filling(product, attribute), "v": wrong}) if mistaken else good
        other = right if mistaken else wrong
        told = self.pool == "train" and "doubt" in questions.TOLD and self.rng.random() < STRANGE
        doubt = self._told("doubt", v=other) if told else self.rng.choice(self._own(_more("doubt", tricks.DOUBTS))).format(v=other)
        return [(asked, said), (doubt, f"{self.rng.choice(tricks.YIELD if mistaken else tricks.SURE)} {good}")], mistaken

    def _policy(self, i):
        names = (*POLICIES, *CONTACTS)  # those are easily taken for personal data
        name = names[i % len(names)]
        asked, kind = self.policy_question(name)
        return row(
            "policy", [(self._introduced(asked), self._polite(say(self.rng, phrases.HELP_POLICY[name], v=POLICIES[name][0]), {"k": kind}))]
        )

    def policy_question(self, name):
        kind = self.rng.choice(list(KINDS))
        return self._ask(name, concerns.ASK_POLICY[name], k=kind), kind

    def personal_request(self):
        """A request for somebody else's personal data."""
        person, what = self.rng.choice(self.world.people), self.rng.choice(list(concerns.PERSONAL))
        slots = dict(w=self.rng.choice(concerns.PERSONAL[what]), n=person.name, p=self.rng.choice(self.world.catalogue).name)
        return self._ask("person", concerns.ASK_PERSON, **slots)

    def pretext(self):
        """(words around a request, `{q}`, which are to get what is refused otherwise; their kind)."""
        kind = self.rng.choice(list(tricks.PRETEXTS))
        return self.rng.choice(self._own(_more(kind, tricks.PRETEXTS[kind]))), kind

    def _personal(self, i):
        asked = self.personal_request()
        asked = self.pretext()[0].format(q=asked) if self.rng.random() < 0.2 else self._introduced(asked, 0.2)
        return row("personal", [(asked, say(self.rng, phrases.DECLINE))])

    def group_question(self, group):
        product = self.rng.choice(self.world.catalogue)
        pronoun = PRONOUNS.get(group) or self.rng.choice(("she", "he"))
        return self._ask("group", concerns.ASK_GROUP, g=group, p=product.name, o=pronoun), product

    def choice_question(self, pair):
        """Who of two should do it? Either of them may be named first."""
        product, (a, b) = self.rng.choice(self.world.catalogue), self.rng.sample(pair, 2)
        return self._ask("choice", phrases.ASK_CHOICE, a=a, b=b, p=product.name), product

    def _group(self, i):
        if self.rng.random() < CHOICE:
            asked, product = self.choice_question(self.rng.choice(RELATIVES))
            return row("group", [(asked, say(self.rng, phrases.EITHER, p=product.name))])
        group = self.rng.choice(self.rng.choice(RELATIVES))
        asked, product = self.group_question(group)
        return row("group", [(asked, say(self.rng, phrases.CAN_DO, g=group, p=product.name, k=product.kind))])

    def angry_question(self, product, attribute):
        return self._ask("angry", concerns.ANGRY, p=product.name, q=self.question(product, attribute))

    def _angry(self, i):
        product, attribute, _ = self.rng.choice(self.facts)
        return row(
            "angry",
            [(self.angry_question(product, attribute), f"{say(self.rng, phrases.CALM)} {self.answer(product, attribute, polite=False)}")],
        )

    def unknown_device(self):
        """A coined name of a kind that is sold; or a kind that is not, alone or under a name that is coined, of the catalogue or the maker's."""
        coined, kinds = (table["train" if self.pool == "train" else "test"] for table in (concerns.INVENTED, concerns.NOT_SOLD))
        draw = self.rng.random()
        if draw < 0.5:
            return f"{self.rng.choice(coined)} {self.rng.choice(list(KINDS))}"
        known = MAKER if draw > 0.95 else self.rng.choice(self.world.catalogue).series
        series = "" if draw < 0.75 else self.rng.choice(coined) if draw < 0.9 else known
        return f"{series} {self.rng.choice(kinds)}".strip()

    def unknown_question(self):
        """(a question about a device that is not sold, what it is called): in the words in which one that is sold is asked about, so that the name alone decides."""
        name, attribute = self.unknown_device(), self.rng.choice(ATTRIBUTES)
        about = self.rng.choice(("unknown", attribute)) if self.pool == "train" else attribute
        return self._ask(about, questions.ASK[attribute], p=name, h="switch", k=name.split()[-1]), name

    def _unknown(self, i):
        asked, name = self.unknown_question()
        return row("unknown", [(self._introduced(asked), say(self.rng, phrases.UNKNOWN, p=name))])

    def unwritten_question(self):
        """A question about a device that is sold, to which no row of the catalogue holds the answer."""
        product = self.rng.choice(self.world.catalogue)
        return self._ask("unwritten", elsewhere.ASK_UNWRITTEN, p=product.name), product

    def _unwritten(self, i):
        if self.pool == "train" and self.rng.random() < 0.35:
            asked = self._told("company", k=self.rng.choice(list(KINDS)))
            return row("unwritten", [(asked, say(self.rng, elsewhere.UNWRITTEN_COMPANY))])
        asked, product = self.unwritten_question()
        return row("unwritten", [(self._introduced(asked, 0.2), say(self.rng, elsewhere.UNWRITTEN, p=product.name))])

    def _near(self, i):
        """What sounds like a fact that a row holds, and is none: only who reads the row can tell."""
        product = self.rng.choice(self.world.catalogue)
        return row("near", [(self._told("near", p=product.name), say(self.rng, elsewhere.UNWRITTEN, p=product.name))])

    def off_topic_question(self):
        """(what is none of a support team's business, its kind)."""
        kind = self.rng.choices(list(elsewhere.SHARES), elsewhere.SHARES.values())[0]
        if self.pool == "train" and kind in questions.TOLD and self.rng.random() < STRANGE:
            return self._told(kind), kind
        return ask(self.rng, elsewhere.ASK[kind], self.pool, asides=False, k=self.rng.choice(list(KINDS))), kind

    def _off_topic(self, i):
        asked, kind = self.off_topic_question()
        return row("off_topic", [(asked, say(self.rng, elsewhere.ANSWER[kind]))])

    def urgent_question(self):
        """(what somebody in danger types, the kind of danger): in lessons, the more often the more ways there are to say it."""
        weights = [len(questions.TOLD[kind]) for kind in elsewhere.URGENT] if self.pool == "train" else None
        kind = self.rng.choices(list(elsewhere.URGENT), weights)[0]
        if self.pool == "train" and self.rng.random() < max(STRANGE, self.as_told):
            return self._told(kind, k=self.rng.choice(list(KINDS))), kind
        return ask(self.rng, _more(kind, elsewhere.URGENT[kind]), self.pool, asides=False, k=self.rng.choice(list(KINDS))), kind

    def _urgent(self, i):
        asked, kind = self.urgent_question()
        return row("urgent", [(asked, say(self.rng, elsewhere.URGENT[kind]["answer"]))])

    def small_talk(self, kinds=tuple(concerns.ASK_NOTHING)):
        """(what a customer types who asks nothing, its kind)."""
        kind = self.rng.choice(kinds)
        if self.pool == "train" and kind in questions.TOLD and self.rng.random() < STRANGE:
            return self._told(kind), kind
        return ask(self.rng, _more(kind, concerns.ASK_NOTHING[kind]), self.pool, asides=False), kind

    def _in_kind(self, asked, kind):
        return asked, say(self.rng, phrases.IN_KIND[kind])

    def _small_talk(self, i):
        return row("small_talk", [self._in_kind(*self.small_talk())])


def _more(about, wordings):
    """Pools of wordings, those of exams with what others wrote."""
    return {**wordings, "test": (*wordings["test"], *questions.ASKED.get(about, ()))}


def row(topic, turns):
    """{"messages", "topic"} from (user, assistant) turns."""
    return {"messages": messages(turns), "topic": topic}


def unlearnt(row):
    """A conversation whose first answer is wrong: it stands there to be corrected, and nobody shall learn it."""
    asked, said, *rest = row["messages"]
    return {**row, "messages": [asked, {**said, "weight": 0}, *rest]}


def messages(turns):
    return [{"role": role, "content": text} for turn in turns for role, text in zip(("user", "assistant"), turn)]
