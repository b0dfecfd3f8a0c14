"""Telephone numbers as people write them at home: without a country code, in the groups of their country.

Lengths, prefixes and groupings are those of the phonenumbers library. Its own matcher takes a minute for ten megabytes of digits, and
knows one country at a time.
"""

import functools
import re
from collections import defaultdict

SPEAKERS = {
    "en": ("US", "GB", "CA", "AU", "IE", "IN", "NZ", "ZA"),
    "pt": ("BR", "PT"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH", "CA"),
    "es": ("ES", "MX", "AR", "CO", "CL"),
    "it": ("IT", "CH"),
    "nl": ("NL", "BE"),
    "pl": ("PL",),
    "ja": ("JP",),
    "zh": ("CN", "TW"),
    "ru": ("RU",),
    "sv": ("SE",),
    "da": ("DK",),
    "no": ("NO",),
}


def _any_of(words):
    return re.compile("|".join(re.escape(word) for word in words.split()))


EVERYWHERE = tuple(dict.fromkeys(region for regions in SPEAKERS.values() for region in regions))
SEPARATOR = r"(?: ?[-./\u2010\u2011] ?| )"
NUMBER = re.compile(
    rf"(?<![\w.,/@#=&?%-])(?!0\.\d)(?:\+ ?\d{{1,15}}(?:(?: ?\(0\) ?|{SEPARATOR}? ?\(|{SEPARATOR}|(?<=\)))\d{{1,15}}\)?){{0,9}}"
    rf"|\d{{7,17}}|\(?\d{{1,15}}\)?(?:(?:{SEPARATOR}? ?\(|{SEPARATOR}|(?<=\)))\d{{2,15}}\)?){{1,9}})(?:(?= ?(?:x|ext|ramal)[. ]{{0,2}}\d)|(?![\w%]|[.,/-]\d))"
)
EXTENSION = re.compile(r" ?(?:x|ext|ramal)[. ]{0,2}\d{1,6}\b")
GROUP = re.compile(r"\d+")
CALLED = _any_of(
    "tel: tel. telef teléf teleph télé phone fone call ring dial text mobil cell fax whatsapp number número numero numéro nummer ligue ligar ligo liga-me liga-nos "
    "celular ruf handy erreich appele joindre llam llám móvil movil chiam bel bellen belt dzwo contact ☎ 📞 電話 电话 тел"
)
REFERENCE = re.compile(
    r"(?:\b(?:order|ticket|invoice|serial|part|item|case|account|pedido|protocolo|fatura|bestell\w*|rechnungs\w*|commande|facture)\b(?:\W{1,3}(?:number|no|n[oºr°]|num[eé]ro|n[uú]mero|nummer)\b)?"
    r"|\b(?:usd|eur|isbn|issn|doi|pmid|arxiv)|[$€£¥])\W{0,4}$",
)
REFERRED = _any_of(
    "order ticket invoice serial part item case account pedido protoc fatura bestell rechn command factur usd eur is doi pmid arxiv $ € £ ¥"
)
FEW = 8  # countries, of which a number of nine digits may be one without any sign
NEAR = 48  # characters within which a word for calling is about a number
DATE = re.compile(  # also years from and to
    r"(?<!\d)(?:(?:19|20)\d\d[-/.][01]?\d[-/.][0-3]?\d|[0-3]?\d[-/.][0-3]?\d[-/.](?:19|20)\d\d|(?:1[5-9]|20)\d\d ?[-–/] ?(?:1[5-9]|20)\d\d)(?!\d)"
)
LOCAL = ((3, 4), (4, 4), (5, 4))  # a number without the code of its town
BARE = ("IN", "BR", "MX")  # where numbers of ten digits are written without a trunk prefix, as in North America


def regions_of(language):
    """Where a language is written: the countries whose numbers are looked for in its texts; all that we know for any other."""
    return SPEAKERS.get(language, EVERYWHERE)


def find(text, regions=EVERYWHERE):
    """[(start, end)] of telephone numbers, in time that grows with the text and not faster.

    Args:
        regions: countries (ISO 3166) whose national numbers count; a number with + or 00 counts by its own country code.
    """
    countries = _countries(tuple(regions))
    return [span for run in NUMBER.finditer(text) for span in _undated(text, run.start(), run.end(), countries)]


def _undated(text, start, end, countries):
    """Telephone numbers in a row of groups of digits, which begin anew after a date."""
    at = start
    for date in DATE.finditer(text, start, end):
        yield from _in_run(text, at, date.start(), countries)
        at = date.end()
    yield from _in_run(text, at, end, countries)


def _in_run(text, start, end, countries):
    """From the left, the longest window of groups that is a number."""
    if end - start < 7:
        return
    groups = [m.span() for m in GROUP.finditer(text, start, end)]
    sizes = [b - a for a, b in groups]
    if sum(sizes) < 7:
        return
    before = text[max(0, start - NEAR) : start].lower()
    words = not before.isascii() or before != before.upper()  # numbers alone say nothing about the next one
    called = words and CALLED.search(before) is not None
    referred = REFERRED.search(before) and REFERENCE.search(before[-24:])
    at = begins = int(bool(referred))  # the first may be the number of an order
    signs = "+" in text[start:end] or "(" in text[start:end]
    while at < len(groups):
        first = groups[at][0]
        sign = text[max(start, first - 2) : first].strip()
        plus, opened = sign.startswith("+"), sign.endswith("(")
        if not (plus or opened or at == begins and (called or text[first] == "0" or sizes[at] in countries.beginnings)):
            at = at + 1 if signs else len(groups)  # in the middle of a row of numbers none begins but with a sign
            continue
        for last in range(_reach(sizes, at), at, -1):
            window = tuple(sizes[at:last])
            if plus:
                found = _international("".join(text[a:b] for a, b in groups[at:last]))
            elif text.startswith("00", first):
                found = _international("".join(text[a:b] for a, b in groups[at:last])[2:])
            elif called or opened or text[first] == "0" or window in countries.groupings:
                digits = "".join(text[a:b] for a, b in groups[at:last])
                slashed = len(window) > 2 and "/" in text[groups[at + 1][0] : groups[last - 1][1]]  # 030/901820, but no 222.333/0001
                found = not slashed and countries.have(digits, window, opened or digits[0] == "0", called)
                found = found and (
                    len(digits) > 9 or called or opened or "." not in text[first : groups[last - 1][1]]
                )  # 213.317.639 is an amount
                found = found or (opened and _international(digits))
            else:
                found = False
            if found:
                yield _stretch(text, start, groups[at][0], groups[last - 1][1])
                at = begins = last
                break
        else:
            at += 1


def _reach(sizes, at):
    """How many groups from `at` on can belong to one number of at most 15 digits, with its prefix."""
    last, total = at, 0
    while last < len(sizes) and total + sizes[last] <= 17:
        total, last = total + sizes[last], last + 1
    return last


def _stretch(text, least, start, end):
    """The span of a number with the signs that belong to it: + before, brackets around."""
    while start > least and text[start - 1] in "(+ ":
        start -= 1
    while text[start] == " ":
        start += 1
    if extension := EXTENSION.match(text, end):
        return start, extension.end()
    return start, end + (text[end : end + 1] == ")" and "(" in text[start:end])


def _international(digits):
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for length in (1, 2, 3) if len(digits) >= 7 else ():
        for region in COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]), ()):
            country, rest = _country(region), digits[length:]
            if country and (country.is_national(rest) or country.is_national(rest.removeprefix("0"))):
                return True
    return False


class _Country:
    """What a number of one country looks like."""

    def __init__(self, region, metadata):
        self.bare = metadata.national_prefix != "0" or region in BARE
        self.prefix = metadata.national_prefix or ""
        self.lengths = set(metadata.general_desc.possible_length)
        self.pattern = re.compile(metadata.general_desc.national_number_pattern)
        self.mobile = re.compile(metadata.mobile.national_number_pattern or r"(?!)")
        self.groupings = defaultdict(list)  # sizes of the groups: the beginnings that are grouped so
        for form in metadata.number_format:
            sizes = list(re.findall(r"\\d(?:\{([\d,]+)\})?", form.pattern))
            if len(sizes) > 1 and all("," not in s for s in sizes):
                begins = re.compile(form.leading_digits_pattern[-1]) if form.leading_digits_pattern else None
                self.groupings[tuple(int(s or 1) for s in sizes)].append(begins)

    def is_national(self, digits):
        return len(digits) in self.lengths and self.pattern.fullmatch(digits) is not None

    def has(self, digits, sizes, trunk, called, least):
        """Whether digits are a number of this country, and written as one: with its trunk prefix, in its groups, or after a word for calling.

        Fewer than `least` digits without a prefix may be an amount, or two years; nine are only those of a mobile.
        """
        for cut in {0, len(self.prefix) if self.prefix and digits.startswith(self.prefix) else 0}:
            national = digits[cut:]
            if self.is_national(national):
                grouped = (sizes[0] - cut, *sizes[1:]) if sizes[0] > cut else sizes[1:]
                in_groups = any(b is None or b.match(national) for b in self.groupings.get(grouped, ()))
                if called or (trunk and (in_groups or cut) and len(national) >= 8) or (in_groups and self._alone(national, least)):
                    return True
        return False

    def _alone(self, national, least):
        return self.bare and len(national) >= least and (len(national) >= 10 or self.mobile.fullmatch(national))


class _Countries:
    """Those whose national numbers are looked for, and the groups that such a number may have without prefix, bracket or call."""

    def __init__(self, each):
        self.each = each
        self.least = 9 if len(each) <= FEW else 10
        self.groupings = defaultdict(list)  # {sizes of the groups: countries}
        for country in each:
            for sizes in country.groupings if country.bare else ():
                if sum(sizes) >= self.least:
                    cut = len(country.prefix)
                    for written in {sizes, (sizes[0] + cut, *sizes[1:]), (cut, *sizes)}:
                        self.groupings[written].append(country)
        self.beginnings = {sizes[0] for sizes in self.groupings}

    def have(self, digits, sizes, trunk, called):
        if called and sizes in LOCAL:
            return True
        likely = self.each if trunk or called else self.groupings.get(sizes, ())
        return 7 <= len(digits) <= 15 and any(country.has(digits, sizes, trunk, called, self.least) for country in likely)


@functools.cache
def _countries(regions):
    return _Countries([c for c in map(_country, regions) if c])


@functools.cache
def _country(region):
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(region, None)
    return _Country(region, found) if found else None
