"""Personal data in text: found by rules in whatever form they are written, masked by kind."""

import ipaddress
import re
from html import unescape

from llmlab.data import telephones
from llmlab.data.addresses import ADDRESS

# Quantifiers are bounded and matches cannot begin within a word, so that the time grows with the text and not faster.
PERSONAL = {
    "email": re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}\b"),
    "address": ADDRESS,
    "ip": re.compile(
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)|(?<![\w:.])(?:(?:[\da-f]{1,4}:){7}[\da-f]{1,4}|(?:[\da-f]{1,4}:){1,6}(?::[\da-f]{1,4}){1,6})(?![\w:])",
        re.I,
    ),
    "iban": re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?!\w)"),
    "cpf": re.compile(r"(?<![\w.-])\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?![\w-]|\.\d)"),
    "cnpj": re.compile(r"(?<![\w.-])[A-Z\d]{2}\.?[A-Z\d]{3}\.?[A-Z\d]{3}/?[A-Z\d]{4}-?\d{2}(?![\w-]|\.\d)"),
    "cep": re.compile(r"(?<![\w.-])\d{5}-?\d{3}(?![\w-])"),
}
NEEDED = {  # without these there is none of the kind; a text without them is passed over at once
    kind: re.compile(least)
    for kind, least in {
        "email": "@", "address": r"[^\W\d_]", "ip": r"\d\.\d|:[\da-fA-F]", "iban": r"[A-Z]{2}\d\d", "cpf": r"\d{3}\.?\d{3}", "cnpj": r"[A-Z\d]{3}\.?[A-Z\d]{3}",
        "cep": r"\d{5}-?\d",
    }.items()
}  # fmt: skip
SPELT = re.compile(  # an address for people's eyes only
    r"(?<![\w.+-])[\w.+-]{1,64} ?[\[({]at[\])}] ?(?:[\w-]{1,63}(?:\.| ?[\[({](?:dot|ponto|punkt|point)[\])}] ?)){1,6}[^\W\d_]{2,24}\b", re.I
)
DIGITS = re.compile(r"\d(?:[ -]?\d){11,}")
# Whole, or in groups as they are printed; looked for at every place, since an expiry date or a telephone number may stand beside them.
CARDS = [
    re.compile(rf"(?<!\d)(?=({digits})(?!\d))")
    for digits in (
        r"\d{12,19}",
        r"\d{4}([ -])\d{4}\2\d{4}\2\d{4}",
        r"\d{4}([ -])\d{4}\2\d{4}\2\d{4}\2\d{1,3}",
        r"\d{4}([ -])\d{6}\2\d{5}",
        r"\d{4}([ -])\d{6}\2\d{4}",
    )
]
ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}|62\d{14,17}|(?:50|5[6-8]|6[037])\d{10,17}"
)  # Visa, Mastercard (two ranges), American Express, Diners, Discover, JCB, UnionPay, Maestro with Elo and Hipercard
VERSION = re.compile(r"(?:version|versão|build|firmware|release|kernel|driver|\bv\.?|≥|>=|==|~=)\W{0,3}$", re.I)
BRAZIL = re.compile(r"CEP|\b(?:Rua|Av\.|Avenida|Travessa|Alameda|Bairro)\b|\b[A-Z]{2}\b|São|Rio", re.I)
CODED = re.compile(r"&(?:#\d{2,6}|#x[\da-f]{2,5}|\w{2,8});|%[\da-f]{2}", re.I)
WIDE = {**{0xFF01 + k: 0x21 + k for k in range(94)}, 0x2011: "-", 0x2010: "-", 0xA0: " ", 0x202F: " ", 0x2009: " ", 0x3000: " "}


def find_personal(text, keep=(), regions=telephones.EVERYWHERE):
    """[(start, end, kind)] of e-mail addresses, telephone, card (Luhn and a known issuer) and account numbers (IBAN), Brazilian tax numbers
    and post codes, street addresses and IP addresses; also where they are written as HTML entities, in an address's percent signs or in
    wide letters.

    Names of people are not found: no rule does it, and we ship no model for it.

    Args:
        keep: what contains one of these is no personal data (a company's own contacts).
        regions: countries whose telephone numbers are looked for.
    """
    plain, places = _decoded(text)
    spans = [(a, b, kind) for a, b, kind in _spans(plain, regions) if not any(k in plain[a:b] for k in keep)]
    found = []
    for start, end, kind in sorted(spans, key=lambda s: (s[0], -s[1])):
        if found and start < found[-1][1]:  # they overlap: one span, so that none is masked in part
            found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
        else:
            found.append((start, end, kind))
    return found if places is None else [(places[a], places[b], kind) for a, b, kind in found]


def _decoded(text):
    """(text as it is read, the place of each of its characters in the original): the second is None where they are the same."""
    if not CODED.search(text):
        return text.translate(WIDE), None
    pieces, places, at = [], [], 0
    for m in CODED.finditer(text):
        char = chr(int(m[0][1:], 16)) if m[0][0] == "%" else unescape(m[0])
        if len(char) != 1:
            continue
        pieces += [text[at : m.start()], char]
        places += [*range(at, m.start()), m.start()]
        at = m.end()
    return ("".join(pieces) + text[at:]).translate(WIDE), [*places, *range(at, len(text) + 1)]


def _spans(text, regions):
    checks = {"ip": _is_ip, "iban": _is_iban, "cpf": _is_cpf, "cnpj": _is_cnpj, "cep": _is_cep}
    for kind, pattern in PERSONAL.items():
        if NEEDED[kind].search(text):
            check = checks.get(kind, lambda m: True)
            yield from ((*m.span(), kind) for m in pattern.finditer(text) if check(m))
    if re.search(r"[\[({]at[\])}]", text, re.I):
        yield from ((*m.span(), "email") for m in SPELT.finditer(text))
    for run in DIGITS.finditer(text):
        yield from ((*m.span(1), "card") for pattern in CARDS for m in pattern.finditer(text, *run.span()) if _is_card(m[1]))
    yield from ((a, b, "phone") for a, b in telephones.find(text, regions))


def _before(match, size=24):
    return match.string[max(0, match.start() - size) : match.start()]


def _is_ip(match):
    if ":" not in match[0]:
        return all(int(n) < 256 for n in match[0].split(".")) and not VERSION.search(_before(match))
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return False
    return re.search(r"\d", match[0]) is not None and match[0].count(":") > 2


def _is_iban(match):
    from stdnum import iban

    return iban.is_valid(match[0])


def _is_cpf(match):
    from stdnum.br import cpf

    written = not match[0].isdigit() or re.search(r"CPF\W{0,4}$", _before(match), re.I)  # one in a hundred of all numbers passes the check
    return bool(written) and cpf.is_valid(match[0])


def _is_cnpj(match):
    from stdnum.br import cnpj

    written = not match[0].isalnum() or re.search(r"CNPJ\W{0,4}$", _before(match), re.I)
    return bool(written) and cnpj.is_valid(match[0])


def _is_cep(match):
    before = _before(match, 80)
    return BRAZIL.search(before) is not None if "-" in match[0] else re.search(r"CEP\W{0,3}$", before) is not None


def _is_card(text):
    digits = text.replace(" ", "").replace("-", "")
    return digits[0] in "123456" and ISSUERS.fullmatch(digits) is not None and luhn(digits)


def luhn(digits):
    """Whether a string of digits passes the check of payment cards (ISO/IEC 7812)."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def black_out(text, keep=()):
    """`text` with a bar over every character of its personal data: for looking at what has not been cleaned."""
    return _replaced(text, find_personal(text, keep), lambda kind, length: "█" * length)


def masked(text, keep=(), regions=telephones.EVERYWHERE):
    """`text` with `[email]`, `[phone]`, … in place of its personal data."""
    return _replaced(text, find_personal(text, keep, regions), lambda kind, length: f"[{kind}]")


def masked_calls(calls, keep=()):
    """Calls of tools, whose arguments are masked and whose names and numbers stay."""
    hidden = lambda function: {**function, "arguments": _within(function.get("arguments"), keep)}  # noqa: E731
    return [{**call, "function": hidden(call["function"])} if "function" in call else hidden(call) for call in calls]


def _within(value, keep):
    """A value of JSON with all its texts masked."""
    if isinstance(value, dict):
        return {name: _within(one, keep) for name, one in value.items()}
    if isinstance(value, list):
        return [_within(one, keep) for one in value]
    return masked(value, keep) if isinstance(value, str) else value


def _replaced(text, spans, by):
    pieces, at = [], 0
    for start, end, kind in spans:
        pieces += [text[at:start], by(kind, end - start)]
        at = end
    return "".join([*pieces, text[at:]])


def personal_data(keep=(), regions=telephones.EVERYWHERE):
    """A step that masks personal data, in a document's text and in its address; what contains one of `keep` (the company's own contacts) stays."""

    def step(documents):
        for document in documents:
            text = document["text"]
            spans = find_personal(text, keep, regions)
            document["masked"] = [{"kind": kind, "text": text[a:b]} for a, b, kind in spans]
            document["text"] = _replaced(text, spans, lambda kind, length: f"[{kind}]")
            for field in {"id", "url"} & set(document):
                document[field] = masked(document[field], keep, regions)
        return documents, []

    return step
