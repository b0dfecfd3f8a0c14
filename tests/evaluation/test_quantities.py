"""An amount is the same in any notation, and never another amount that looks like it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.evaluation import numerals, quantities
from llmlab.evaluation.judges import named, states

RESET = "hold the power button for 10 seconds"


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("3 years", ["three years", "a three-year warranty", "3-year", "36 months", "drei Jahre", "drei Jahren", "três anos", "tres años", "trois ans", "3\u00a0years"]),
        ("2 years", ["24 months", "vierundzwanzig Monate", "Two years."]), ("18 months", ["1 year and 6 months", "ein Jahr und sechs Monate", "1.5 years"]),
        ("$49.90", ["forty-nine dollars and ninety cents", "49.90 USD", "49,90 $", "US$ 49.90", "USD 49.90"]), ("€12.50", ["12,50 €", "12.5 euros", "EUR 12,50", "zwölf Euro und fünfzig Cent"]),
        ("R$ 1.234,50", ["1.234,50 reais", "R$1234,50"]), ("1,234 dollars", ["$1234", "1.234 $", "one thousand two hundred and thirty-four dollars"]),
        ("1.7 litres", ["1.7 L", "1700 ml", "1,7 Liter", "one point seven liters", "170 cl", "um vírgula sete litros"]), ("1800 W", ["1.8 kilowatts", "1,800 watts", "1.800 watts", "1800w", "1.8kW", "mil e oitocentos watts"]),
        ("235 watts", ["zweihundertfünfunddreißig Watt", "two hundred and thirty-five watts", "duzentos e trinta e cinco watts", "doscientos treinta y cinco vatios", "deux cent trente cinq watts"]),
        ("99 euros", ["quatre-vingt-dix-neuf euros", "noventa e nove euros"]), ("21 days", ["vingt et un jours", "veintiún días", "3 weeks"]), ("90 minutes", ["1 hour 30 minutes", "1.5 hours", "1 h 30 min"]),
        ("7 working days", ["seven business days", "sieben Werktage", "sete dias úteis"]), ("-5 °C", ["-5 degrees Celsius", "−5 Grad Celsius"]), ("50%", ["50 percent", "fifty per cent", "50 Prozent", "50 por cento"]),
        ("12 V", ["twelve volts"]), ("40 dB", ["forty decibels"]), ("1.2 m", ["120 cm", "1200 mm"]), ("2 kg", ["2000 g", "zwei Kilogramm"]), ("2 to 3 years", ["2-3 years", "two to three years", "2 bis 3 Jahre"]),
        (RESET, ["Hold the power button down for ten seconds.", "You hold the power button for at least 10 s, then wait.", "hold the power button for 10-12 seconds"]), ("up to 30 days", ["It is up to thirty days."]),
    ],
)  # fmt: skip
def test_a_value_is_found_in_any_notation(value, answers):
    assert [a for a in (value, *answers) if named(a, [value]) != {value} or named(f"It is {a}, I think", [value]) != {value}] == []


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("3 years", ["13 years", "3.5 years", "3,5 years", "1.3 years", "three and a half years", "3 days", "twenty-three years", "not three years", "no three-year warranty", "F17-3 years", "2024-01-03 years", "1 003 years"]),
        ("2 litres", ["2 metres", "two metres", "2 L2", "12 L", "point two litres", "1.2 litres"]), ("30 days", ["30 working days", "1 month", "thirty"]), ("$5", ["5 million dollars", "€5", "5 cents", "5 percent"]),
        ("5 g", ["5G"]), ("5 grams", ["5G", "5 G"]), ("5 metres", ["5 M", "$5 m"]), ("100 watts", ["thirteen hundred watts", "0.1 watts", "100 Wh", "100 kW"]), ("2 years", ["the Kestrel 2 and 3 years", "Kestrel 2 - 3 years of warranty", "2"]), ("2 cents", ["deux cents euros"]),
        ("5", ["five", "five dollars", "15 dollars", "5.5"]), ("Kestrel 3", ["Kestrel three", "3 Kestrels"]), ("E4", ["4 E", "four"]), ("8 to 18", ["eight to eighteen", "8-18"]), ("3 May 2024", ["three May 2024"]),
        (RESET, ["hold the power button for ten minutes", "hold the volume button for ten seconds", "hold the power button, not for ten seconds", "hold the power button and wait for ten seconds", "do not hold the power button for ten seconds"]),
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_it(value, answers):
    assert [a for a in answers if named(a, [value])] == []


@pytest.mark.parametrize(
    ("answer", "values", "found"),
    [
        ("2 years", ["24 months", "2 years"], {"2 years"}), ("24 months", ["24 months", "2 years"], {"24 months"}), ("two years", ["24 months", "2 years"], {"2 years"}), ("730 days", ["24 months", "2 years"], set()),
        ("2 to 3 years", ["2 years", "3 years"], {"2 years", "3 years"}), ("between two and three years", ["2 years", "3 years"], {"2 years", "3 years"}), ("2-3 years", ["2 years", "2 to 3 years"], {"2 to 3 years"}), ("$40-50", ["$40", "$50"], {"$40", "$50"}),
        ("1 year and 6 months", ["1 year", "18 months"], {"18 months"}), ("1 year and 6 months", ["1 year"], {"1 year"}), ("not two but three years", ["2 years", "3 years"], {"3 years"}), ("5 dollars", ["5"], {"5"}), ("Kestrel 3, three years", ["Kestrel 3", "3 years"], {"Kestrel 3", "3 years"}),
        ("Hold the power button for ten seconds", [RESET, "10 seconds"], {RESET}), ("two years, not three", ["2 years", "3 years"], {"2 years"}), ("not 2 years, 24 months", ["2 years"], {"2 years"}), ("", ["2 years", ""], set()),
    ],
)  # fmt: skip
def test_a_spelling_comes_before_its_like_and_the_longer_before_the_shorter(answer, values, found):
    assert named(answer, values) == named(answer, values[::-1]) == found


def test_a_right_answer_states_no_other_value_in_any_notation():
    item = {"target": "2 years", "wrong": ["3 years", "12 months"]}
    assert [states(item, a) for a in ("two years", "24 months", "two years or three", "two years, or rather 36 months", "one year")] == [
        1,
        1,
        1,
        0,
        0,
    ]


WRITTEN = {
    "{} watts": ["{} W", "{} Watt", "{} vatios", "{}-watt"], "{} months": ["{} Monate", "{} meses", "{} mois"], "{} euros": ["€{}", "{} €", "EUR {}"],
}  # fmt: skip


@given(st.integers(0, 999_999), st.integers(0, 99), st.sampled_from(sorted(WRITTEN)), st.data())
def test_every_number_is_read_alike_with_either_mark(whole, part, unit, data):
    decimals = f"{part:02}" if part else ""
    plain, other = (f"{whole}{mark}{decimals}" if part else str(whole) for mark in ".,")
    grouped = f"{whole:,}" + (f".{decimals}" if part else "")
    value = unit.format(plain)
    said = [
        quantities.stated(form.format(n)) for n in (plain, other, grouped) for form in (unit, data.draw(st.sampled_from(WRITTEN[unit])))
    ]
    assert {s.amounts[0][0] for (s,) in said} == {Fraction(plain)} and quantities.reads(value).amounts == said[0][0].amounts


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["years", "watts", "seconds", "dollars"]))
def test_no_number_is_found_in_another(a, b, unit):
    assert bool(named(f"It is {b} {unit}, they say.", [f"{a} {unit}"])) == (a == b)
    assert not named(f"It is {b}.{a} {unit}", [f"{a} {unit}"])


def test_every_number_has_words_in_every_language_and_none_has_two_meanings(monkeypatch):
    tables = []
    for one in numerals.LANGUAGES:
        monkeypatch.setattr(numerals, "LANGUAGES", (one,))
        tables.append(numerals._spelled.__wrapped__()[0])
    assert all(set(table.values()) == set(range(1000)) for table in tables)
    meanings = {(words, n) for table in tables for words, n in table.items()}
    assert len(meanings) == len(dict(meanings))
    assert meanings > {("sete", 7), ("soixante et onze", 71), ("quatre vingt quinze", 95), ("veintidós", 22), ("einhunderteins", 101)}


@given(st.text(alphabet=st.sampled_from("0123456789.,-–$€ aeioynmshlWV%°C and two hundred"), max_size=60))
def test_any_text_can_be_read(text):
    ends = [0] + [place for one in quantities.stated(text) for place in (one.start, one.end)]
    assert ends == sorted(ends) and ends[-1] <= len(text) and named(text, ["2 seconds", RESET]) is not None
