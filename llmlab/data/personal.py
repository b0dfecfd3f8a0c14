"""Personal data in text: found by rules, masked by kind."""

import re

PERSONAL = {
    "email": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "address": re.compile(r"\b\d{1,4} [A-Z][\w'-]+(?: [A-Z][\w'-]+)? (?:Street|Road|Avenue|Lane|Drive|Way|Court|Square)\b(?:, [A-Z]\w+)?"),
    "ip": re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"),
}
# Whole, or in groups as they are printed; looked for at every place, since an expiry date or a telephone number may stand beside them.
CARDS = [
    re.compile(rf"(?<!\d)(?=({digits})(?!\d))")
    for digits in (r"\d{13,19}", r"\d{4}([ -])\d{4}\2\d{4}\2\d{4}", r"\d{4}([ -])\d{4}\2\d{4}\2\d{4}\2\d{1,3}", r"\d{4}([ -])\d{6}\2\d{5}")
]
VERSION = re.compile(r"(?:version|build|firmware|release|v\.?)\s*$", re.I)
REFERENCE = re.compile(r"(?:order|ticket|invoice|serial|part)\s+(?:number\s+|no\.?\s+)?$", re.I)


def find_personal(text, keep=()):
    """[(start, end, kind)] of e-mail addresses, card numbers (Luhn), street addresses, IPs and telephone numbers.

    Names of people are not found: no rule does it, and we ship no model for it.
    """
    from phonenumbers import PhoneNumberMatcher

    spans = [(*m.span(), kind) for kind, pattern in PERSONAL.items() for m in pattern.finditer(text) if kind != "ip" or _real_ip(m, text)]
    spans += [(*m.span(1), "card") for pattern in CARDS for m in pattern.finditer(text) if _is_card(m[1])]
    if re.search(r"\d{3}\D{0,2}\d{3}\D?\d{4}|\+\d", text):  # the matcher is slow, and most texts hold no number
        spans += [(m.start, m.end, "phone") for m in PhoneNumberMatcher(text, "US", leniency=0) if not REFERENCE.search(text[: m.start])]
    spans = [s for s in sorted(spans, key=lambda s: (s[0], -s[1])) if not any(k in text[s[0] : s[1]] for k in keep)]
    found = []
    for start, end, kind in spans:
        if found and start < found[-1][1]:  # they overlap: one span, so that none is masked in part
            found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
        else:
            found.append((start, end, kind))
    return found


def _real_ip(match, text):
    return not VERSION.search(text[: match.start()]) and all(int(n) < 256 for n in match[0].split("."))


def _is_card(text):
    return luhn(re.sub(r"\D", "", text))


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
