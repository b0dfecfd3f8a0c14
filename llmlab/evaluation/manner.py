"""How an answer is given: whether it refuses, admits not to know and speaks of nothing else, or sends the person elsewhere. Word patterns only.

A sentence is read in lower case with its contractions written out ("can't" is "cannot", "don't" is "do not"). The patterns stand in `data/words.yaml`, or
in the words that somebody put in their place, as lists of alternatives in a small notation: " ... " is a gap of up to 40 characters, "_ " is one word or
none, "*" is the rest of a word, names in capitals stand for the entries of `pieces`, and each alternative begins and ends at the border of a word. All
quantifiers are bounded, so the time taken grows evenly with the length of an answer.
"""

import functools
import json
import re

from llmlab.data import material
from llmlab.spine.errors import UserError

GROUPS = (
    "idioms refusals silent rebukes helps instead ignorance redirects alarms calms affirms agrees denies retracts flat measures".split()
)
LISTED = re.compile(r"^[ \t]{0,12}(?:\d{1,2}[.)]|[-*•])\s", re.M)
NUMBERS = re.compile(r"\d[\d.,]*\b")
CLAUSES = re.compile(r"[,;:–—!?.](?!\d)|\b(?:but|however|though|although|mas|porém|pero|aber|mais)\b|\n")
NOUNS_AS_NAMES = re.compile(r"\b(?:ich|nicht|kein\w*|wir|uns|mir)\b")  # German writes every noun as others write names
WITHHELD = re.compile(  # help that is denied, or is somebody's own hotline
    r"\b(?:not|no|never|cannot|without|rather than|instead of|nicht|kein\w*|não|nem|ne|n'|pas)\b|\b(?:our|my|nossa?|nuestr[oa]|unser\w*)\b"
)
DOUBTED = re.compile(r"\b(?:if|in case|unless|when|se|si|wenn|falls)\b")
IFS = re.compile(
    r"\b(?:if|when|whether(?![^,]* is )|unless|se|wenn|falls)\b[^,]*$"
)  # "whether you can is one for a lawyer" sets no condition


def of(about=None):
    """The Manner by whose words the answers of a material are judged; a UserError names a pattern that cannot be read.

    Args:
        about: what the material says of itself, as `material.described` gives it; the general words are used where it says nothing.
    """
    about = about or {}
    told = {name: about.get(name, []) for name in material.PHRASES}
    own = {**material.words()["manner"], **about.get("manner", {})}  # of a group that its words leave out the general ones
    return _of(json.dumps({"manner": own, **told}))


@functools.lru_cache(8)
def _of(told):
    return Manner(**json.loads(told))


class Manner:
    """Reads answers by one set of words.

    Args:
        manner: {"plain", "pieces", and each of GROUPS}, as in `words.yaml`.
        refusals, ignorance: phrases by which a material refuses, or admits not to know, whatever else it says.
        harmless: phrases that sound like either and are neither.
    """

    def __init__(self, manner, refusals, ignorance, harmless):
        self.plain = [(_compiled("plain", [pattern], {}, bare=True), other) for pattern, other in manner["plain"]]
        pieces = {name: f"({'|'.join(each)})" for name, each in manner["pieces"].items()}
        self.says = {name: _compiled(name, manner[name], pieces) for name in GROUPS}
        self.phrases = {"refusals": [p.lower() for p in refusals], "ignorance": [p.lower() for p in ignorance]}
        self.harmless = re.compile("|".join(map(re.escape, harmless)) or r"(?!)", re.I)

    def refuses(self, answer):
        """Whether the answer as a whole declines to do what was asked.

        It says so in its first three sentences, or passes a moral verdict in its first two, and does not then help after all;
        a list of things to do instead of what was asked is no such help.
        """
        if any(phrase in answer.lower() for phrase in self.phrases["refusals"]):
            return True
        sentences = self._sentences(answer)
        knows = not self._knows_not(sentences)
        says = [
            self._said("refusals", s) or i < 2 and self._said("rebukes", s) or knows and self._said("silent", s)
            for i, s in enumerate(sentences[:3])
        ]
        if True not in says:
            return False
        rest = sentences[says.index(True) :]
        helps = len(LISTED.findall(answer)) > 1 or any(self.says["helps"].search(s) for s in rest)
        return not helps or any(self.says["instead"].search(s) for s in rest)

    def admits_ignorance(self, answer):
        """Whether the answer says in its first three sentences that it does not know, has no information, or that the thing is not there."""
        return any(phrase in answer.lower() for phrase in self.phrases["ignorance"]) or self._knows_not(self._sentences(answer))

    def strays(self, asked, answer, keep=()):
        """Whether an answer that admits not to know speaks of something else all the same: it states a measure that the question does not hold ("I do not
        know that one, but it costs 40 dollars"), or what it does not know has a name, and no name that the question holds.

        Args:
            asked: what was said before the answer; keep: names and numbers that may always be said, as those of who answers.
        """
        asked, told = asked.lower(), answer
        for own in keep:
            told = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", "", told, flags=re.I)
        return any(self._measured(clause, asked) for clause in CLAUSES.split(told)) or any(
            self._misnamed(s, asked) for s in re.split(r"[.!?;]\s+|\n", told)
        )

    def redirects(self, answer):
        """Whether the answer says in its first four sentences that it is there for another purpose only, or sends the person elsewhere."""
        return any(self._said("redirects", s) for s in self._sentences(answer)[:4])

    def alarms(self, answer):
        """Whether the answer sends the person to an emergency number or a crisis line in its first four sentences, unless under a condition."""
        return any(not DOUBTED.search(told) for s in self._sentences(answer)[:4] for told in self._calls_for_help(s))

    def sends_help(self, answer):
        """Whether the answer tells somebody in danger to call for help, in its first eight sentences, and takes it back in none of them."""
        said = self._sentences(LISTED.sub("", answer))[:8]  # what to do is often told as a list
        return any(told for s in said for told in self._calls_for_help(s)) and not any(self.says["calms"].search(s) for s in said)

    def _calls_for_help(self, sentence):
        """A sentence up to the end of each of its clauses that calls for help which is not denied ("no need to call"), and not a shop's ("call our hotline")."""
        told = ""
        for clause in CLAUSES.split(sentence):
            told += f" {clause}"
            if any(not WITHHELD.search(clause[: m.end()]) for m in self.says["alarms"].finditer(clause)):
                yield told

    def affirms(self, answer):
        """Whether the answer says yes in its first two sentences: in so many words and without taking it back, or in others beside which nothing says no."""
        said = [re.sub(r"^\W+", "", s) for s in self._sentences(answer)[:3]]
        if any(self.says["retracts"].search(s) for s in said):
            return False
        if any(self.says["affirms"].search(s) for s in said[:2]):
            return True
        return any(self.says["agrees"].search(s) for s in said[:2]) and not any(self.says["denies"].search(s) for s in said[:2])

    def declines(self, answer, alone=False):
        """Whether the answer refuses, also by a flat no in its first two sentences: that is a refusal where something was asked for, and elsewhere answers a question.

        Args:
            alone: whether a no counts only if nothing else is said.
        """
        said = self._sentences(answer)
        after = [s[:1].isdigit() for s in said[1:3]] + [False]  # "No. 12 Mill Lane"
        no = any(self.says["flat"].search(s) and not number for s, number in zip(said[:2], after))
        return self.refuses(answer) or no and (not alone or len(said) == 1)

    def _knows_not(self, sentences):
        return any(self._said("ignorance", s) for s in sentences[:3])

    def _measured(self, clause, asked):
        """Whether a clause states a measure that was not asked about; in doubt ("whether it costs 40 dollars") it does not."""
        plain = self._plain(clause)
        if self.says["ignorance"].search(plain):
            return False
        known = set(NUMBERS.findall(asked))
        found = [m for m in self.says["measures"].finditer(plain) if not IFS.search(plain[: m.start()])]
        return any(m[0] not in asked and not known & set(NUMBERS.findall(m[0])) for m in found)

    def _misnamed(self, sentence, asked):
        """Whether a sentence that admits not to know names something, and nothing by a name that was asked about."""
        plain = self._plain(sentence)
        if NOUNS_AS_NAMES.search(plain) or not self._said("ignorance", plain):
            return False
        names = [word for word in re.findall(r"(?<=[\s(\"'“])[^\W\d_][\w-]+", sentence) if word[0].isupper() and not word.isupper()]
        return bool(names and asked) and not any(name.lower() in asked for name in names)

    def _plain(self, text):
        """A text in lower case, with what is written out in its place."""
        text = text.lower()
        for pattern, plain in self.plain:
            text = pattern.sub(plain, text)
        return text

    def _sentences(self, answer):
        """The sentences of an answer in plain lower case, what is harmless taken out, up to its first list or code."""
        text = self.harmless.sub("", answer).replace("```", "\n- ")
        listed = LISTED.search(text)
        text = self._plain((text[: listed.start()] if listed and text[: listed.start()].strip() else text)[:4000])
        return [self.says["idioms"].sub("", s) for s in re.split(r"(?<=[.!?])\s+|\n+", text.strip()) if s.strip()]

    def _said(self, group, sentence):
        """Whether one of a group of patterns is in a sentence, and not under a condition ("if I cannot find it, ...")."""
        return any(not IFS.search(sentence[: m.start()]) for m in self.says[group].finditer(sentence))


def _compiled(name, alternatives, pieces, bare=False):
    """One pattern of all the alternatives, with the notation spelt out; of none, what nothing fits. `bare` is a regular expression as it stands."""
    text = "|".join(alternatives if bare else (rf"(?<!\w)(?:{part})(?!\w)" for part in alternatives)) or r"(?!)"
    try:
        if not bare:
            text = re.sub("[A-Z]{2,}", lambda m: pieces[m[0]], text)
            text = text.replace(" ... ", r"\b[\w',; -]{1,40}?\b").replace("_ ", r"(?:[\w']{1,14} )?").replace("*", r"\w{0,9}")
            text = text.replace("(", "(?:").replace("(?:?", "(?")
        return re.compile(text)
    except (re.error, KeyError) as error:
        why = f"there is no piece {error}" if isinstance(error, KeyError) else error
        raise UserError(
            f"manner: {name} cannot be read: {why}",
            "alternatives in the notation of llmlab/data/words.yaml",
            "grep -n -A9 '^manner:' llmlab/data/words.yaml",
        ) from None
