"""Quantities in a text, whatever notation they are written in: "$49.90", "49,90 USD" and "forty-nine dollars and ninety cents" are one amount.

So an answer that is right in another notation than the task's is right. Units that convert by a fixed number become one (24 months are 2 years); days and
months do not, and neither do currencies. Numbers are digits with either decimal mark, or words in English, German, Portuguese, Spanish or French. In doubt
nothing is read: "5" has no unit, and "1 800 W" may be one number or two. No library that the project has reads these; Babel writes, and does not read, them.
"""

import functools
import itertools
import unicodedata
from collections import defaultdict
from fractions import Fraction
from typing import NamedTuple

import regex

# (dimension, how many of its smallest unit): names; those of one or two letters are symbols, whose case tells units apart, as of 5 g and 5G.
UNITS = {
    ("second", 1): "s, sec, secs, second, seconds, sek, sekunde, sekunden, segundo, segundos, seconde, secondes",
    ("second", 60): "min, mins, minute, minutes, minuten, minuto, minutos",
    ("second", 3600): "h, hr, hrs, hour, hours, std, stunde, stunden, hora, horas, heure, heures",
    ("day", 1): "day, days, tag, tage, tagen, dia, dias, día, días, jour, jours",
    ("day", 7): "week, weeks, woche, wochen, semana, semanas, semaine, semaines",
    (
        "working day",
        1,
    ): "working day, working days, business day, business days, werktag, werktage, werktagen, arbeitstag, arbeitstage, arbeitstagen, dia útil, "
    "dias úteis, día hábil, días hábiles, día laborable, días laborables, jour ouvrable, jours ouvrables, jour ouvré, jours ouvrés",
    ("month", 1): "month, months, monat, monate, monaten, mês, mes, meses, mois",
    ("month", 12): "yr, yrs, year, years, jahr, jahre, jahren, ano, anos, año, años, ans, année, années",
    ("ml", 1): "ml, mL, millilitre, millilitres, milliliter, milliliters, millilitern, mililitro, mililitros",
    ("ml", 10): "cl, cL, centilitre, centilitres, centiliter, centiliters, zentiliter, centilitro, centilitros",
    ("ml", 1000): "l, L, litre, litres, liter, liters, litern, litro, litros",
    ("mm", 1): "mm, millimetre, millimetres, millimeter, millimeters, milímetro, milímetros, millimètre, millimètres",
    ("mm", 10): "cm, centimetre, centimetres, centimeter, centimeters, zentimeter, centímetro, centímetros, centimètre, centimètres",
    ("mm", 1000): "m, metre, metres, meter, meters, metern, metro, metros, mètre, mètres",
    ("mm", 1_000_000): "km, kilometre, kilometres, kilometer, kilometers, quilómetros, quilômetros, kilómetros, kilomètre, kilomètres",
    ("g", 1): "g, gram, grams, gramme, grammes, gramm, grama, gramas, gramo, gramos",
    (
        "g",
        1000,
    ): "kg, kilo, kilos, kilogram, kilograms, kilogramm, quilo, quilos, quilograma, quilogramas, kilogramo, kilogramos, kilogramme, kilogrammes",
    ("watt", 1): "W, w, watt, watts, vatio, vatios",
    ("watt", 1000): "kW, kw, KW, kilowatt, kilowatts, quilowatt, quilowatts, kilovatio, kilovatios",
    ("°C", 1): "°C, ° C, ºC, degree celsius, degrees celsius, degrees C, grad celsius, graus celsius, grados celsius, degrés celsius",
    ("volt", 1): "V, volt, volts, voltio, voltios",
    ("%", 1): "%, percent, per cent, prozent, por cento, por ciento, pour cent",
    ("dB", 1): "dB, db, decibel, decibels, dezibel, decibéis, decibelios, décibels",
    ("USD", 1): "$, US$, USD, dollar, dollars, US dollar, US dollars, dólar, dólares",
    ("EUR", 1): "€, EUR, euro, euros",
    ("GBP", 1): "£, GBP, pound, pounds, pfund, libra, libras, livres sterling",
    ("BRL", 1): "R$, BRL, real, reais, reales",
    ("CHF", 1): "CHF, franken, swiss francs, francs suisses",
    ("JPY", 1): "¥, JPY, yen, iene, ienes",
    ("cent", Fraction(1, 100)): "¢, cent, cents, centavo, centavos, cêntimo, cêntimos, céntimo, céntimos, centime, centimes, penny, pence",
}
TENS = (20, 30, 40, 50, 60, 70, 80, 90)
# The numbers before the tens in order, the tens, one hundred, each hundred from it ("{}" is a number below ten), how tens and ones join, how hundreds and the
# rest. "/" parts other forms of a word, "_" is a space. It may accept what nobody writes ("vingt et deux"), which means nothing else.
LANGUAGES = (
    ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
     dict(zip(TENS, "twenty thirty forty fifty sixty seventy eighty ninety".split())), "a_hundred/one_hundred", "{}_hundred", ["{ten} {one}"], [" and ", " "]),
    ("null eins/ein/eine/einen/einem/einer zwei drei vier fünf/fuenf sechs sieben acht neun zehn elf zwölf/zwoelf dreizehn vierzehn fünfzehn/fuenfzehn sechzehn siebzehn achtzehn neunzehn",
     dict(zip(TENS, "zwanzig dreißig vierzig fünfzig/fuenfzig sechzig siebzig achtzig neunzig".split())), "hundert/einhundert", "{}hundert", ["{one}und{ten}"], ["", "und"]),
    ("zero um/uma dois/duas três quatro cinco seis sete oito nove dez onze doze treze quatorze/catorze quinze dezesseis/dezasseis dezessete/dezassete dezoito dezenove/dezanove",
     dict(zip(TENS, "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split())), "cem/cento",
     "duzentos/duzentas trezentos/trezentas quatrocentos/quatrocentas quinhentos/quinhentas seiscentos/seiscentas setecentos/setecentas oitocentos/oitocentas novecentos/novecentas", ["{ten} e {one}"], [" e "]),
    ("cero uno/un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno/veintiún/veintiuna "
     "veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve",
     dict(zip(TENS[1:], "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split())), "cien/ciento",
     "doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas quinientos/quinientas seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas novecientos/novecientas", ["{ten} y {one}"], [" "]),
    ("zéro un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix_sept dix_huit dix_neuf",
     dict(zip((20, 30, 40, 50, 60, 80), "vingt trente quarante cinquante soixante quatre_vingt/quatre_vingts".split())), "cent", "{}_cent/{}_cents", ["{ten} {one}", "{ten} et {one}"], [" "]),
)  # fmt: skip
THOUSANDS, POINTS = {"thousand", "tausend", "mil", "mille"}, {"point", "komma", "vírgula", "virgula", "coma", "virgule"}
DIGITS = regex.compile(r"(?<![\w.,:+]|[^\s(]-)(?:(?<![^\s(])[-−])?\d+(?:[.,'’\u00a0\u202f]\d+)*|(?<=\d[-–/])\d+(?:[.,]\d+)*")
GROUPED = regex.compile(r"([1-9]\d{0,2}(?:([.,'’\u00a0\u202f])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?")  # "1.800" and "1,800" are 1800
PLAIN = regex.compile(r"(\d+)()(?:[.,](\d+))?")
RANGE = regex.compile(r"[-–/]|(?:\s|-\s)(?:to|or|bis|oder|a|à|até|ou|o|u|hasta)\s", regex.I)
BETWEEN = regex.compile(r"\b(?:between|zwischen|entre)\s$", regex.I)  # "and" makes no range without: "the Kestrel 3 and 2 years"
MANY = regex.compile(r"\s?(?:k|m|bn|thousand|mi[lo]\w*|bi\w+|tausend)\b", regex.I)
AND = regex.compile(r"\s(?:and|und|e|y|et)\s", regex.I)
JOINT = regex.compile(rf"\s|{AND.pattern}", regex.I)
WORD, TOKEN, SPLIT = (regex.compile(p) for p in (r"[^\W\d_]+", r"\d+(?:[.,]\d+)*|\w+", r"\d \d{3}"))
FILLERS = frozenset(  # between the words of a procedure these change nothing: "hold it down for at least 10 seconds"
    "down in pressed firmly about around roughly approximately exactly at least gedrückt etwa circa ca genau mindestens lang cerca de "
    "aproximadamente exatamente pelo menos pressionado al unos pulsado environ au moins".split()
)


class Stated(NamedTuple):
    """Where a text states an amount, or the two ends of a range, as ((number, dimension), ...); `unit` is how many of the smallest the unit has."""

    start: int
    end: int
    amounts: tuple
    unit: Fraction


def meant(answer, values):
    """(start, end, {those of the values}) for each place of an answer that states values, in whatever notation their quantities are written.

    A value is one quantity as a whole, or holds some between its words, which then must all stand in the answer.
    """
    wholes, procedures = _sorted(tuple(values))
    said = stated(answer) if wholes or procedures else ()
    found = [(*place, {value}) for value, wanted in (procedures if said else ()) for place in _places(tokens(answer), wanted)]
    for one in said:
        alike = wholes.get(one.amounts) or [pair for amount in one.amounts for pair in wholes.get((amount,), ())]
        nearest = {value for value, reading in alike if reading.unit == one.unit} or {value for value, _ in alike}
        found += [(one.start, one.end, nearest)] if nearest else []
    return found


@functools.lru_cache(1024)
def _sorted(values):
    """({amounts: [(a value that states them, its Stated)]}, [(a value with quantities among words, its tokens)], the longest first) of values."""
    read = [(value, reading) for value in values if (reading := reads(value))]
    wholes, procedures = defaultdict(list), []
    for value, reading in read:
        wholes[reading.amounts].append((value, reading)) if isinstance(reading, Stated) else procedures.append((value, reading))
    return dict(wholes), sorted(procedures, key=lambda p: (-len(p[0]), p[0]))


@functools.lru_cache(1 << 16)
def reads(value):
    """What a value states, if it is one quantity; its tokens, if it holds some among words; None without any."""
    said = stated(value)
    if said and not value[: said[0].start].strip() and not value[said[0].end :].strip():
        return said[0]
    return tuple(token for token, _, _ in tokens(value)) if said else None


@functools.lru_cache(4096)
def tokens(text):
    """((a word in lower case or the amounts of a quantity, start, end), ...) of a text."""
    found, at = [], 0
    for one in (*stated(text), Stated(len(text), len(text), (), 1)):
        found += [(m[0].casefold(), m.start(), m.end()) for m in TOKEN.finditer(text, at, one.start)]
        found += [(one.amounts, one.start, one.end)] if one.amounts else []
        at = one.end
    return tuple(found)


def _places(said, wanted):
    """(start, end) of each place where the wanted tokens follow each other, with nothing but fillers between."""
    have = {part for token, _, _ in said for part in ((token, *((a,) for a in token)) if isinstance(token, tuple) else (token,))}
    for first in range(len(said)) if have.issuperset(wanted) else ():
        at = 0
        for token, _, end in said[first:]:
            if token == wanted[at] or isinstance(token, tuple) and isinstance(wanted[at], tuple) and set(wanted[at]) <= set(token):
                at += 1
            elif not at or token not in FILLERS:
                break
            if at == len(wanted):
                yield said[first][1], end
                break


@functools.lru_cache(4096)
def stated(text):
    """The quantities of a text as Stated, in the order of their places, none inside another; "1 hour 30 minutes" is one."""
    found, before = [], None
    for number in sorted([*_in_digits(text), *_in_words(text)]):
        one = _quantity(text, before, number)
        if one and found and one.start < found[-1].end:
            found.pop()  # "deux cents euros" are not two cents, and of "$40-50" the first was read already
        joint = one and found and JOINT.fullmatch(text, found[-1].end, one.start)
        if joint and (both := _together(found[-1], one)):
            found[-1] = both
        elif one:
            found.append(one)
        before = number
    return tuple(found)


def _quantity(text, before, number):
    """What a number states with the unit at its side, and with the number before it if the two are a range; None without a unit."""
    start, end, value = number
    ranged = before and before[2] < value and _ranged(text, before, start)
    if not ranged and (text[start - 1 : start] in tuple("-–/") or _split(text, before, start, end)):
        return None
    first = before[0] if ranged else start
    money, behind = _patterns()["before"].search(text, max(0, first - 5), first), _patterns()["behind"].match(text, end)
    if not (money or behind) or money and MANY.match(text, end):
        return None
    size = _units()[(money or behind)["unit"].casefold()]
    end = behind.end() if behind and _units()[behind["unit"].casefold()] == size else end
    amounts = tuple((_simple(n * size[1]), size[0]) for n in ([before[2], value] if ranged else [value]))
    return Stated(money.start() if money else first, end, amounts, Fraction(size[1]))


def _simple(number):
    """A number as int where it is one: a Fraction takes long to compare, and most are whole."""
    return number.numerator if number.denominator == 1 else number


def _ranged(text, before, start):
    """Whether what stands between two numbers makes them a range; a number in front of which a hyphen stands is part of a date."""
    gap = text[before[1] : start]
    and_between = AND.fullmatch(gap) and BETWEEN.search(text, max(0, before[0] - 12), before[0])
    return bool(and_between or RANGE.fullmatch(gap)) and text[before[0] - 1 : before[0]] not in tuple("-–/")


def _split(text, before, start, end):
    """Whether a number may be the rest of another: "1 800"."""
    return before and end - start == 3 and bool(SPLIT.fullmatch(text, before[1] - 1, end))


def _together(large, small):
    """Two neighbours as one, if the second is a part of the first's unit: minutes after hours, cents after dollars; else None."""
    (a, dimension), (b, other) = large.amounts[0], small.amounts[0]
    part = dimension == other and small.unit < large.unit or other == "cent" and dimension.isupper()
    if part and b < large.unit and len(large.amounts) == len(small.amounts) == 1:
        return Stated(large.start, small.end, ((_simple(a + b), dimension),), small.unit)


def _in_digits(text):
    """(start, end, number) of what is written in digits; a date or a version is no number."""
    for m in DIGITS.finditer(text):
        if parts := GROUPED.fullmatch(m[0].lstrip("-−")) or PLAIN.fullmatch(m[0].lstrip("-−")):
            number = Fraction("".join(filter(str.isdigit, parts[1])) + f".{parts[3] or 0}")
            yield m.start(), m.end(), number if m[0][0].isdigit() else -number


def _in_words(text):
    """(start, end, number) of what is written in words, each as long as it can be."""
    words, at = [(m[0], m.start(), m.end()) for m in WORD.finditer(text.lower())], 0
    known, (_, parts) = lambda n: n < len(words) and words[n][0] in parts, _spelled()
    while at < len(words):
        stop = at
        while known(stop) and (stop == at or text[words[stop - 1][2] : words[stop][1]] in (" ", "-")):
            stop += 1
        tried = ((last, _worded([w for w, _, _ in words[at:last]])) for last in range(stop, at, -1))
        last, number = next((pair for pair in tried if pair[1] is not None), (at + 1, None))
        if number is not None and not (at and words[at - 1][0] in POINTS):
            yield words[at][1], words[last - 1][2], Fraction(number)
        at = last


def _worded(words):
    """The number that words write as a whole, also "one point seven" and "two thousand"; None if they write none."""
    table, _ = _spelled()
    if (number := table.get(" ".join(words))) is not None:
        return number
    split = next((n for n, word in enumerate(words) if word in POINTS), None)
    if split:
        whole, part = _worded(words[:split]), [table.get(w, 10) for w in words[split + 1 :]]
        return None if whole is None or not part or max(part) > 9 else Fraction(f"{whole}.{''.join(map(str, part))}")
    split = next((n for n, word in enumerate(words) if word in THOUSANDS), None)
    if split is not None:
        rest = words[split + 1 :]
        many, rest = table.get(" ".join(words[:split]) or "one"), table.get(" ".join(rest[rest[:1] in (["and"], ["e"]) :]) or "zero")
        return None if many is None or rest is None else 1000 * many + rest


@functools.cache
def _spelled():
    """{the words of a number: the number} up to 999 in all LANGUAGES, and the set of all their words."""
    table = {}
    for ones, tens, hundred, hundreds, joints, rests in LANGUAGES:
        forms = lambda words: words.replace("_", " ").split("/")  # noqa: E731
        below = dict(enumerate(map(forms, ones.split())))
        for (ten, words), (after, _) in itertools.pairwise([*tens.items(), (100, "")]):
            below[ten] = forms(words)
            for n in range(1, after - ten):
                below[ten + n] = [j.format(ten=t, one=o) for j in joints for t in forms(words) for o in below[n]]
        each = [hundreds.replace("{}", one) for n in range(2, 10) for one in below[n][:1]] if "{}" in hundreds else hundreds.split()
        table |= {form: n for n, all_forms in below.items() for form in all_forms}
        for n, words in enumerate([hundred, *each], 1):
            heads = forms(words)
            table |= dict.fromkeys(heads, 100 * n)
            table |= {head + join + form: 100 * n + m for head in heads for join in rests for m in range(1, 100) for form in below[m]}
    table |= {_bare(form): n for form, n in table.items()}
    return table, {word for form in table for word in form.split()} | THOUSANDS | POINTS


def _bare(text):
    """A text without the marks on its letters, which many leave out."""
    return "".join(c for c in unicodedata.normalize("NFD", text.replace("ß", "ss")) if not unicodedata.combining(c))


@functools.cache
def _units():
    """{name in lower case: (dimension, size)}; the patterns know the case that a symbol must have."""
    return {name.casefold(): unit for unit, names in UNITS.items() for name in names.split(", ")}


@functools.cache
def _patterns():
    """Patterns of a unit behind a number and of a currency before one."""
    names = sorted({n for names in UNITS.values() for each in names.split(", ") for n in (each, _bare(each))}, key=len, reverse=True)
    long, short = ("|".join(regex.escape(n) for n in names if (len(n) > 2) == long) for long in (True, False))
    signs = "|".join(regex.escape(n) for n in names if regex.search(r"[$€£¥]|^[A-Z]{3}$", n))
    return {
        "behind": regex.compile(rf"[\s\-\u2011]?(?<unit>(?i:{long})|{short})(?![\w°]|(?<=[$€£¥])\s?\d|-\d)"),
        "before": regex.compile(rf"(?<![\w$.,])(?<unit>{signs})\s?$"),
    }
