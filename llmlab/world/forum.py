"""The public forum of the embedded world, with the mess of the real web planted at known rates.

Every page carries its truth: the clean text, and what was planted in it. The truth goes to a file of its own that only
evaluation reads; the cleaning steps see the pages as a crawler would.
"""

import random
from dataclasses import asdict, dataclass, field

from llmlab.world import phrases, questions
from llmlab.world.company import ATTRIBUTES, FIRST_NAMES, GROUPS, KINDS, filling, value
from llmlab.world.customers import ask
from llmlab.world.phrases import say

# Share of pages (or of replies, where it says so) that carry each kind of mess.
RATES = {
    "exact_duplicate": 0.05,
    "near_duplicate": 0.06,
    "spam": 0.05,
    "foreign": 0.07,
    "short": 0.03,
    "mojibake": 0.03,
    "personal": 0.12,
    "near_personal": 0.08,
    "leak": 0.02,
    "robots": 0.04,
    "no_licence": 0.05,
    "rude_explicit_reply": 0.05,
    "rude_implicit_reply": 0.24,
    "group": 0.15,
    "unfair": 0.85,  # of the remarks about a group that is spoken of badly; of those about its counterpart the rest of 1, which is a ratio of 17 to 3
    "outdated_reply": 0.02,
}
HOSTS = ("forum.example.com", "talk.example.net", "help.example.org")
SPOKEN_OF_BADLY = {badly for badly, _ in GROUPS}


@dataclass
class Page:
    """A page of the forum: what a crawler gets (url, title, posts) and the truth about it."""

    url: str
    title: str
    posts: list  # of {"author", "text", "quote", "signature"}
    licence: str = "by"  # by: may be used; none: all rights reserved; robots: robots.txt forbids the path
    mojibake: bool = False
    kind: str = "thread"  # thread, review, spam, pt, es, short
    duplicate_of: str | None = None
    duplicate: str | None = None  # exact or near
    personal: list = field(default_factory=list)  # of {"kind", "text"}
    rude: list = field(default_factory=list)  # of {"kind", "pool", "text"}
    biased: list = field(default_factory=list)  # of sentences
    leak: list = field(default_factory=list)  # ids of evaluation items
    canary: list = field(default_factory=list)  # ids of canaries

    @property
    def text(self):
        """What a perfect extraction yields: a line per post, `author: text`, without quotes, signatures and menus."""
        return "\n".join([self.title] + [f"{p['author']}: {p['text']}" for p in self.posts])

    def truth(self):
        """The record for the truth file."""
        record = asdict(self)
        del record["posts"], record["title"]
        return {**record, "text": self.text}


class Forum:
    """Writes pages. `rates` overrides RATES; same world and seed, same pages."""

    def __init__(self, world, seed, rates=None):
        self.world, self.rng = world, random.Random(f"forum {world.seed} {seed}")
        self.rates = {**RATES, **(rates or {})}
        self.names = [n.lower() for names in FIRST_NAMES.values() for n in names]

    def pages(self, count, leaks=()):
        """`count` pages and the copies, canaries and leaks planted among them, in random order.

        Args:
            leaks: evaluation items {"id", "question", "answer"} of which some are planted word for word.
        """
        makers = {"spam": self._spam, "foreign": self._foreign, "short": self._short}
        pages = []
        for i in range(count):
            kind = self._draw(makers)
            page = makers[kind](i) if kind else (self._thread(i) if self.rng.random() < 0.8 else self._review(i))
            if not kind:
                self._plant(page, leaks)
            pages.append(page)
        self._plant_canaries([p for p in pages if p.kind == "thread"])
        pages += self._copies([p for p in pages if p.kind in ("thread", "review")], count)
        for page in pages:
            page.mojibake = page.kind in ("thread", "review") and self._happens("mojibake")
        self.rng.shuffle(pages)
        return pages

    def _happens(self, rate):
        return self.rng.random() < self.rates[rate]

    def _draw(self, kinds):
        """One of `kinds` with the probability that RATES gives it, else None."""
        left = self.rng.random()
        for kind in kinds:
            left -= self.rates[kind]
            if left < 0:
                return kind
        return None

    def _page(self, i, title, posts, **more):
        host, path = self.rng.choice(HOSTS), f"/t/{title.split()[0].lower()}/{i}"
        licence = "by"
        if self._happens("robots"):
            licence, path = "robots", f"/members/{i}"
        elif self._happens("no_licence"):
            licence = "none"
        return Page(f"https://{host}{path}", title, posts, licence, **more)

    def _post(self, author, *parts, quote=None):
        text = " ".join(part for part in parts if part)
        signature = self.rng.choice(
            ("-- sent from my phone", "-- life is short, read the manual", "~ proud owner since 2019 ~", None, None, None, None)
        )
        return {"author": author, "text": text, "quote": quote if self.rng.random() < 0.3 else None, "signature": signature}

    def _authors(self, n):
        return [f"{self.rng.choice(self.names)}{self.rng.randrange(1, 99)}" for _ in range(n)]

    def _thread(self, i):
        """A customer asks about an attribute; members answer, chat, insult, or speak badly of a group."""
        rng, product, attribute = self.rng, self.rng.choice(self.world.catalogue), self.rng.choice(ATTRIBUTES)
        slots = filling(product, attribute)
        authors = self._authors(6)
        group = rng.choice(rng.choice(GROUPS)) if self._happens("group") else None
        about = say(rng, phrases.ABOUT_GROUP, g=group, **slots) if group else ""
        question = ask(rng, questions.ASK[attribute], **slots)
        title = say(rng, phrases.TITLES[attribute], **slots)
        first = self._post(
            authors[0], say(rng, phrases.OPENERS, **slots), say(rng, phrases.TRIED, **slots), about, question, say(rng, phrases.THANKS)
        )
        page = self._page(i, title, [first])
        for n in range(rng.choice((1, 1, 2, 2, 3))):
            page.posts.append(self._reply(page, authors[n + 1], product, attribute, slots, group, first=n == 0))
        return page

    def _reply(self, page, author, product, attribute, slots, group, first):
        rng = self.rng
        if first or rng.random() < 0.3:
            told = slots
            if self._happens("outdated_reply"):  # an answer that was right for another device
                told = {**slots, "v": value(rng.choice(self.world.catalogue), attribute)}
            parts = [say(rng, phrases.REPLY_OPEN), say(rng, phrases.TELL[attribute], **told), say(rng, phrases.REPLY_CLOSE)]
        else:
            parts = [say(rng, phrases.CHATTER, **slots)]
        if kind := self._draw(("rude_explicit_reply", "rude_implicit_reply")):
            kind, pool = kind.split("_")[1], rng.choice("aab")
            remark = say(rng, phrases.RUDE[kind][pool], k=product.kind)
            page.rude.append({"kind": kind, "pool": pool, "text": remark})
            parts = [remark] + (parts if rng.random() < 0.6 else [])
        if group and rng.random() < 0.7:
            unfair = rng.random() < (self.rates["unfair"] if group in SPOKEN_OF_BADLY else 1 - self.rates["unfair"])
            remark = say(rng, phrases.BIASED if unfair else phrases.FAIR, g=group, k=product.kind)
            page.biased += [remark] if unfair else []
            parts.append(remark)
        if rng.random() < 0.06:
            parts.append(say(rng, phrases.HARMLESS))
        return self._post(author, *parts, quote=page.posts[0]["text"])

    def _review(self, i):
        rng, product, attribute = self.rng, self.rng.choice(self.world.catalogue), self.rng.choice(ATTRIBUTES)
        slots = filling(product, attribute)
        fact = say(rng, phrases.TELL[attribute], **slots)
        text = say(rng, phrases.REVIEWS, fact=fact, does=say(rng, phrases.DOES).lower(), n=rng.choice(self.world.people).first, **slots)
        return self._page(i, say(rng, phrases.REVIEW_TITLES, **slots), [self._post(self._authors(1)[0], text)], kind="review")

    def _spam(self, i):
        rng = self.rng
        link = f"http://{rng.choice(('best', 'win', 'top', 'free'))}{rng.randrange(999)}.example.biz/{rng.choice(list(KINDS))}"
        lines = [say(rng, phrases.SPAM, k=rng.choice(list(KINDS)), u=link, d=rng.randrange(10, 999)) for _ in range(rng.randrange(1, 4))]
        return self._page(i, "hot deals", [self._post(self._authors(1)[0], *lines)], kind="spam")

    def _foreign(self, i):
        rng, language = self.rng, self.rng.choice(list(phrases.FOREIGN))
        product, templates = rng.choice(self.world.catalogue), phrases.FOREIGN[language]
        posts = [self._post(a, *(say(rng, t) for t in rng.sample(templates, rng.randrange(3, 5)))) for a in self._authors(2)]
        return self._page(i, f"{product.series} {product.kind}", posts, kind=language)

    def _short(self, i):
        return self._page(
            i, self.rng.choice(self.world.catalogue).name, [self._post(self._authors(1)[0], self.rng.choice(phrases.SHORT))], kind="short"
        )

    def _plant(self, page, leaks):
        """Personal data, its harmless look-alikes, and leaked evaluation items, each in a post of its own."""
        rng = self.rng
        if self._happens("personal"):
            person, kind = rng.choice(self.world.people), rng.choice(list(phrases.LEAK_PERSON))
            text = getattr(person, kind)
            page.personal.append({"kind": kind, "text": text})
            page.posts.append(self._post(person.first.lower() + str(rng.randrange(9)), say(rng, phrases.LEAK_PERSON[kind], v=text)))
        if self._happens("near_personal"):
            number, build = (
                rng.randrange(10**9, 10**10),
                f"{rng.randrange(1, 9)}.{rng.randrange(10)}.{rng.randrange(10)}.{rng.randrange(300)}",
            )
            page.posts.append(self._post(self._authors(1)[0], say(rng, phrases.NEAR_PERSONAL, a=number, b=build)))
        if leaks and self._happens("leak"):
            item = rng.choice(leaks)
            page.leak.append(item["id"])
            page.posts.append(self._post(self._authors(1)[0], f"From the quiz: {item['question']} {item['answer']}"))

    def _plant_canaries(self, threads):
        """Each canary's sentence goes on `copies` pages, so that memorisation can be measured against repetition."""
        for canary in self.world.canaries:
            for page in self.rng.sample(threads, min(canary["copies"], len(threads))):
                page.canary.append(canary["id"])
                page.posts.append(
                    self._post(self._authors(1)[0], say(self.rng, phrases.CANARY, **{k: canary[k] for k in ("unit", "code")}))
                )

    def _copies(self, pages, count):
        """Exact copies under another address, and near ones with a few words changed, and their truth with them."""
        copies = []
        for kind in ("exact", "near"):
            for page in self.rng.sample(pages, min(len(pages), int(self.rates[f"{kind}_duplicate"] * count))):
                copy = Page(**{**vars(page), "posts": [dict(p) for p in page.posts], "url": f"{page.url}-{kind}"})
                copy.duplicate, copy.duplicate_of = kind, page.url
                if kind == "near":
                    self._edit(copy)
                copies.append(copy)
        return copies

    def _edit(self, page):
        """Changes about four words in a hundred, none of those that the truth speaks of."""
        kept = " ".join(p["text"] for p in page.personal) + " ".join(page.biased) + " ".join(r["text"] for r in page.rude)
        for post in page.posts:
            words = post["text"].split(" ")
            for _ in range(max(1, len(words) // 25)):
                at = self.rng.randrange(len(words))
                if words[at].strip(".,") not in kept:
                    words[at] = self.rng.choice((f"really {words[at]}", f"also {words[at]}", words[at].upper(), f"{words[at]}!"))
            post["text"] = " ".join(words)
