"""Numbers in a text: digits with either decimal mark and with or without thousands, and words of English, German, Portuguese, Spanish and French.

All languages are read at once, since nobody says which an answer is in. "1.800" and "1,800" are 1800; a date or a version is no number.
"""

import functools
import itertools
import unicodedata
from fractions import Fraction

import regex

MOST = 12  # words of a number: what a small model repeats may be longer, and is none
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
WORD = regex.compile(r"[^\W\d_]+")


def in_digits(text):
    """(start, end, number) of what is written in digits; a date or a version is no number."""
    for m in DIGITS.finditer(text):
        if parts := GROUPED.fullmatch(m[0].lstrip("-−")) or PLAIN.fullmatch(m[0].lstrip("-−")):
            number = Fraction("".join(filter(str.isdigit, parts[1])) + f".{parts[3] or 0}")
            yield m.start(), m.end(), number if m[0][0].isdigit() else -number


def in_words(text):
    """(start, end, number) of what is written in words, each as long as it can be."""
    words, at = [(m[0], m.start(), m.end()) for m in WORD.finditer(text.lower())], 0
    known, (_, parts) = lambda n: n < len(words) and words[n][0] in parts, _spelled()
    while at < len(words):
        stop = at
        while known(stop) and stop < at + MOST and (stop == at or text[words[stop - 1][2] : words[stop][1]] in (" ", "-")):
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
    table |= {bare(form): n for form, n in table.items()}
    return table, {word for form in table for word in form.split()} | THOUSANDS | POINTS


def bare(text):
    """A text without the marks on its letters, which many leave out."""
    return "".join(c for c in unicodedata.normalize("NFD", text.replace("ß", "ss")) if not unicodedata.combining(c))
