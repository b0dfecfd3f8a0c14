"""What questions of the embedded world's exams are made of."""


def user(text):
    """A conversation that is one question."""
    return [{"role": "user", "content": text}]


def thread(rng, title, question):
    """The question as the opening of a forum thread whose next line is a reply."""
    return f"{title}\n{rng.choice(('ana', 'tomas', 'mira'))}{rng.randrange(9)}: {question}\n{rng.choice(('jana', 'karl', 'olga'))}{rng.randrange(9)}:"


def others(world, attribute, right):
    """Other values of an attribute, none of them contained in the right one or the other way round."""
    return sorted({v for _, a, v in world.facts() if a == attribute and v not in right and right not in v})


def wording(asked, *names):
    """The question without what it is about: items that share it stand and fall together, so they are one cluster."""
    for name in names:
        asked = asked.replace(name, "…")
    return asked.lower().replace(" an …", " a …")
