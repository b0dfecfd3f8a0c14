"""Personal data by country and in every form; what only looks like it; and the time that a long line takes."""

import time

import pytest

from llmlab.data import personal, telephones

# As people of ten countries write them: (text, what is personal in it). Numbers are invented, or reserved for fiction where there are such.
FOUND = {
    "US": ["call (202) 555-0123 now", "my number is 415-555-0123", "415.555.0123", "+1 415 555 0123", "call 555-0123", "1-800-555-0199", "fax 4155550123", "(202) 555-0123 ext. 45", "415-555-0123x8864"],
    "GB": ["Ring me on 07700 900123.", "Office: 020 7946 0018", "+44 (0)20 7946 0018", "07700900123", "0117 496 0123"],
    "BR": ["Meu telefone é (11) 91234-5678, ligue à noite.", "+55 11 91234-5678", "(21) 3456-7890", "11 91234-5678", "whatsapp 11912345678"],
    "DE": ["Rufen Sie 030 901820 an.", "0049 30 901820", "0176 12345678", "030/901820", "089 / 123 456 78"],
    "FR": ["Appelez le 06 12 34 56 78.", "01.23.45.67.89", "0612345678", "+33 6 12 34 56 78"],
    "ES": ["Llámame al 612 345 678", "Tel. 91 123 45 67", "+34 612 34 56 78", "teléfono: 612 34 56 78"],
    "IT": ["Chiamami al 347 123 4567", "tel. 06 1234 5678", "+39 347 123 4567"],
    "NL": ["Bel 06-12345678", "020 123 4567", "+31 6 12345678"],
    "PT": ["Liga-me para o 912 345 678", "+351 912 345 678", "telefone 21 123 4567", "(351) 912 345 678"],
    "IN": ["98765 43210", "+91 98765 43210", "call 09876543210"],
}  # fmt: skip
NONE = [
    "order number 4155550123, build 4.1.2.233.", "ticket 2025550123 is still open.", "2019-01-02 2019-02-03 2019-03-04", "in 1914-1918 and 2020-2024",
    "12 345 678 people live here", "612 345 678 people live here", "R$ 12.345.678,90", "pi is 3.1415926535", "ISBN 978-3-16-148410-0", "12:30:45 and 08:15",
    "1 2 3 4 5 6 7 8 9 10 11 12", "100 200 300 400 500", "Line 10 20 30 40 50 60 70", "score 21-14, 21-18, 19-21", "15/01/2024 10:30", "10-20-30",
    "Chapter 12, pages 123-456", "1,234,567 or 1.234.567", "The years 1999 2000 2001 2002", "64-bit 3840 x 2160", "0.123 4567 8901", "$ 1 234 567 890",
    "the sum is 7000000000", "a = [10, 20, 30, 4000]", "id 8412-1189-77", "RFC 2616, section 14.46", "3.11.0 and 2026.11.25", "GET /t/2025550123 HTTP/1.1",
]  # fmt: skip
OTHERS = {
    "email": ["write to a+b@c.example.org", "joe&#64;mail.example.org", "?user=joe.doe%40mail.example.org&x=1", "joe [at] mail [dot] example [dot] org", "ｊｏｅ＠mail.example.org", "ana.souza@correio.example.com.br"],
    "ip": ["host 10.0.0.7 asked", "2001:db8::ff00:42:8329 answered", "from 93.12.4.7."],
    "card": ["4111 1111 1111 1111", "5500000000000004", "378282246310005", "6011-1111-1111-1117", "30569309025904", "3530111333300000", "card 4111 1111 1111 1111 12/27, code 123"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR14 2004 1010 0505 0001 3M02 606"],
    "cpf": ["CPF 529.982.247-25", "529.982.247-25", "CPF: 52998224725"],
    "cnpj": ["CNPJ 11.222.333/0001-81", "11.222.333/0001-81"],
    "cep": ["CEP 01310-100", "Bairro Centro, 01310-100", "CEP: 01310100"],
    "address": ["12 Mill Lane, Corvel", "Hauptstraße 12", "12 rue de la Paix", "Rua das Flores, 123", "Calle Mayor 5", "305 West 72nd Street", "9 St. John's Rd", "866, rue Jeannine Labbé", "Praça Alfredo Keil, 901", "Av. Paulista, s/n", "Piazza della Repubblica 3", "Heidelore-Ullrich-Weg 64", "Lange Straße 3a", "Keizersgracht 12", "ul. Jesionowa 31", "Paseo de la Castellana 57"],
}  # fmt: skip
LOOKALIKES = [
    "version 10.0.0.1", "Python >= 3.11.0.1", "IP 256.1.1.1", "std::vector a::b", "ab:cd at 12:30", "9111111111111111", "1234567812345670", "4111 1111 1111 1112",
    "529.982.247-26", "11.222.333/0001-82", "part 12345-678", "DE89 3704 0044 0532 0130 01", "Look at the cat.", "@handle", "x@y", "50 Ways to leave", "8 District Court judges", "the 1994 U.S. Supreme Court", "Ring 5 times", "Calle 13 sang", "00 12 34 5678 x", "0012345", "In 2019 The Way was new",
]  # fmt: skip


@pytest.mark.parametrize("country", FOUND)
def test_telephone_numbers_as_they_are_written_at_home(country):
    for text in FOUND[country]:
        spans = personal.find_personal(text)
        assert [kind for *_, kind in spans] == ["phone"], (text, spans)
        assert "0" not in personal.masked(text).replace("[phone]", ""), "masked whole"


def test_what_only_looks_like_a_telephone_number():
    wrong = {text: telephones.find(text) for text in NONE if telephones.find(text)}
    assert not wrong


@pytest.mark.parametrize("kind", OTHERS)
def test_other_personal_data(kind):
    for text in OTHERS[kind]:
        found = [k for *_, k in personal.find_personal(text)]
        assert kind in found and set(found) <= {kind, "cep", "address"}, (text, found)


def test_what_only_looks_personal():
    assert not [(t, personal.find_personal(t)) for t in LOOKALIKES if personal.find_personal(t)]


def test_regions_follow_the_language_unless_they_are_given():
    said = "Ring me on 07700 900123."
    assert telephones.find(said, telephones.regions_of("en")) and not telephones.find(said, ("DK",))
    assert telephones.regions_of("xx") == telephones.EVERYWHERE and "BR" in telephones.regions_of("pt")


def test_nine_digits_alone_are_a_mobile_where_few_countries_are_asked_about():
    for said, regions in (("913 062 611", "pt"), ("612 34 56 78", "es"), ("727 151 204", "pl")):
        assert telephones.find(f"E {said} é isso.", telephones.regions_of(regions)), said
        assert not telephones.find(f"E {said} é isso."), said
    assert not telephones.find("213.317.639 habitantes e 913.062.611 reais", telephones.regions_of("pt"))


def test_all_fields_of_a_document_are_masked():
    documents = [
        {
            "id": "s:joe@mail.example.com",
            "url": "https://s.example/?u=joe%40mail.example.com",
            "text": "Ask joe&#64;mail.example.com or call 07700 900123",
        }
    ]
    masked, _ = personal.personal_data()(documents)
    assert (
        masked[0]["text"] == "Ask [email] or call [phone]"
        and masked[0]["url"] == "https://s.example/?u=[email]"
        and masked[0]["id"] == "s:[email]"
    )


@pytest.mark.parametrize(
    "piece",
    [
        "host 10.1.2.7 asked for the page about gardens\n",
        "a.a.",
        "a@",
        "A1 ",
        "Rua a ",
        "Rua " + "A" * 60 + " ",
        "Via Aa.A-",
        "ab:cd:",
        "&#64;",
        "1234 5678 ",
        "+1 2025550123 ",
        "(1)",
        "DE89 ",
        "call 12 ",
    ],
)
def test_the_time_grows_with_the_text_and_not_faster(piece):
    """Four times the text in at most ten times the time, where a quadratic rule takes sixteen times as long."""

    def seconds(size):
        text, start = piece * (size // len(piece)), time.process_time()
        personal.find_personal(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(400_000) < 10 * max(seconds(100_000), 0.02)
