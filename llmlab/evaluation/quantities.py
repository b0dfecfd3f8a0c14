"""Quantities in a text, whatever notation they are written in: "$49.90", "49,90 USD" and "forty-nine dollars and ninety cents" are one amount.

So an answer that is right in another notation than the task's is right. Units that convert by a fixed number become one (24 months are 2 years); days and
months do not, and neither do currencies. Numbers are digits with either decimal mark, or words in English, German, Portuguese, Spanish or French. In doubt
nothing is read: "5" has no unit, and "1 800 W" may be one number or two. No library that the project has reads these; Babel writes, and does not read, them.
"""

import functools
from collections import defaultdict
from fractions import Fraction
from typing import NamedTuple

import regex

from llmlab.evaluation import numerals

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
    ("month", 12): "yr, yrs, year, years, jahr, jahre, jahren, ano, anos, año, años, an, ans, année, années",
    ("ml", 1): "ml, mL, millilitre, millilitres, milliliter, milliliters, millilitern, mililitro, mililitros",
    ("ml", 10): "cl, cL, centilitre, centilitres, centiliter, centiliters, zentiliter, centilitro, centilitros",
    ("ml", 1000): "l, L, litre, litres, liter, liters, litern, litro, litros",
    ("mm", 1): "mm, millimetre, millimetres, millimeter, millimeters, milímetro, milímetros, millimètre, millimètres",
    ("mm", 10): "cm, centimetre, centimetres, centimeter, centimeters, zentimeter, centímetro, centímetros, centimètre, centimètres",
    ("mm", 1000): "m, metre, metres, meter, meters, metern, metro, metros, mètre, mètres",
    (
        "mm",
        1_000_000,
    ): "km, kilometre, kilometres, kilometer, kilometers, quilómetro, quilômetro, kilómetro, quilómetros, quilômetros, kilómetros, kilomètre, kilomètres",
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
    ("GBP", 1): "£, GBP, pound, pounds, pounds sterling, libras esterlinas, livres sterling",
    ("BRL", 1): "R$, BRL, real, reais, reales",
    ("CHF", 1): "CHF, franken, swiss francs, francs suisses",
    ("JPY", 1): "¥, JPY, yen, iene, ienes",
    ("cent", Fraction(1, 100)): "¢, cent, cents, centavo, centavos, cêntimo, cêntimos, céntimo, céntimos, centime, centimes, penny, pence",
}
RANGE = regex.compile(r"[-–/]|(?:\s|-\s)(?:to|or|bis|oder|a|à|até|ou|o|u|hasta)\s", regex.I)
BETWEEN = regex.compile(r"\b(?:between|zwischen|entre)\s$", regex.I)  # "and" makes no range without: "the Kestrel 3 and 2 years"
MANY = regex.compile(r"\s?(?:k|m|bn|thousand|mi[lo]\w*|bi\w+|tausend)\b", regex.I)
AND = regex.compile(r"\s(?:and|und|e|y|et)\s", regex.I)
JOINT = regex.compile(rf"\s|{AND.pattern}", regex.I)
TOKEN, SPLIT = (regex.compile(p) for p in (r"\d+(?:[.,]\d+)*|\w+", r"\d \d{3}"))
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


def amount(value):
    """What a value amounts to if it is one quantity, in the smallest unit; None if it is something else."""
    return read.amounts if isinstance(read := reads(value), Stated) else None


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
    for number in sorted([*numerals.in_digits(text), *numerals.in_words(text)]):
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


@functools.cache
def _units():
    """{name in lower case: (dimension, size)}; the patterns know the case that a symbol must have."""
    return {name.casefold(): unit for unit, names in UNITS.items() for name in names.split(", ")}


@functools.cache
def _patterns():
    """Patterns of a unit behind a number and of a currency before one."""
    names = sorted(
        {n for names in UNITS.values() for each in names.split(", ") for n in (each, numerals.bare(each))}, key=len, reverse=True
    )
    long, short = ("|".join(regex.escape(n) for n in names if (len(n) > 2) == long) for long in (True, False))
    signs = "|".join(regex.escape(n) for n in names if regex.search(r"[$€£¥]|^[A-Z]{3}$", n))
    return {
        "behind": regex.compile(rf"[\s\-\u2011]?(?<unit>(?i:{long})|{short})(?![\w°]|(?<=[$€£¥])\s?\d|-\d)"),
        "before": regex.compile(rf"(?<![\w$.,])(?<unit>{signs})\s?$"),
    }
