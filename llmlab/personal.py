"""Personal data in text: found by rules, masked by kind."""

import re

PERSONAL = {
    "email": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "card": re.compile(r"\b\d(?:[ -]?\d){12,18}\b"),
    "address": re.compile(r"\b\d{1,4} [A-Z][\w'-]+(?: [A-Z][\w'-]+)? (?:Street|Road|Avenue|Lane|Drive|Way|Court|Square)\b(?:, [A-Z]\w+)?"),
    "ip": re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"),
}
VERSION = re.compile(r"(?:version|build|firmware|release|v\.?)\s*$", re.I)
REFERENCE = re.compile(r"(?:order|ticket|invoice|serial|part)\s+(?:number\s+|no\.?\s+)?$", re.I)


def find_personal(text, keep=()):
    """[(start, end, kind)] of e-mail addresses, card numbers (Luhn), street addresses, IPs and telephone numbers.

    Names of people are not found: no rule does it, and we ship no model for it.
    """
    from phonenumbers import PhoneNumberMatcher

    spans = [(*m.span(), kind) for kind, pattern in PERSONAL.items() for m in pattern.finditer(text) if _real(kind, m, text)]
    if re.search(r"\d{3}\D{0,2}\d{3}\D?\d{4}|\+\d", text):  # the matcher is slow, and most texts hold no number
        spans += [(m.start, m.end, "phone") for m in PhoneNumberMatcher(text, "US", leniency=0) if not REFERENCE.search(text[: m.start])]
    spans = [s for s in sorted(spans, key=lambda s: (s[0], -s[1])) if not any(k in text[s[0] : s[1]] for k in keep)]
    return [s for i, s in enumerate(spans) if not any(o[0] <= s[0] and s[1] <= o[1] and o != s for o in spans[:i])]


def _real(kind, match, text):
    if kind == "card":
        return luhn(re.sub(r"\D", "", match[0]))
    if kind == "ip":
        return not VERSION.search(text[: match.start()]) and all(int(n) < 256 for n in match[0].split("."))
    return True


def luhn(digits):
    """Whether a string of digits passes the check of payment cards (ISO/IEC 7812)."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def black_out(text):
    """`text` with a bar over every character of its personal data: for looking at what has not been cleaned."""
    for start, end, _ in find_personal(text):
        text = f"{text[:start]}{'█' * (end - start)}{text[end:]}"
    return text


def personal_data(keep=()):
    """Masks personal data: `[email]`, `[phone]`, …; what contains one of `keep` (the company's own contacts) stays."""

    def step(documents):
        for document in documents:
            spans, text = find_personal(document["text"], keep), document["text"]
            document["masked"] = [{"kind": kind, "text": text[a:b]} for a, b, kind in spans]
            for a, b, kind in reversed(spans):
                text = f"{text[:a]}[{kind}]{text[b:]}"
            document["text"] = text
        return documents, []

    return step
