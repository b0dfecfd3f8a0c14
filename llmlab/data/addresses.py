"""Street addresses as they are written in ten countries: a name with a capital, a word for a way, and the number of a house."""

import re

# A name ends at a space, so that a row of letters can be cut into names in one way only: the time stays linear.
NAME = r"[A-ZÀ-ÝŁŚŻŹĆŃ][\w'’.-]{1,30}"
OF = r"(?:(?:d[aeo]s?|del?|de la|de los|della|delle|dei|degli|di|du|des|la|los|las|el) |(?:de l|d|dell|l)['’])?"
NUMBER = r"\d{1,5}(?:[-/ ]?\d{1,4})?(?: ?[a-zA-Z])?\b"
EACH = rf"(?:{NAME}|\d{{1,3}}(?:st|nd|rd|th))"
WAYS = (
    "Street Road Avenue Lane Drive Way Court Square Boulevard Parkway Place Terrace Circle Highway Plaza Crescent Close Gardens Grove Mews Row"
    " Alley Trail Turnpike Walk Wharf Quay Hill Loop Pike Ave Blvd Rd Ln Dr"
).split()
COURTS = "Supreme|District|High|Federal|Circuit|Superior|County|Crown"  # where nobody lives
PATTERNS = (
    # 12 Mill Lane, 305 West 72nd Street, 9 St. John's Rd.
    rf"\b\d{{1,5}}[A-Za-z]? (?!The |(?:[\w.]{{1,20}} ){{0,2}}(?:{COURTS}) Court){EACH}(?: {EACH}){{0,3}} (?:{'|'.join(WAYS)})\b(?:, [A-Z]\w{{1,30}})?",
    rf"\b\d{{1,5}} {NAME}(?: {NAME}){{0,2}} St\.?(?=[,.;\n]|$)",
    # Rua das Flores, 12; Calle Mayor 5; Praça Alfredo Keil, 901; Av. Paulista, s/n
    rf"\b(?:Rua|R\.|Avenida|Av(?:da)?\.|Travessa|Alameda|Praça|Largo|Rodovia|Estrada|Calle|C/|Plaza|Paseo|Camino|Carrer|Cuesta) ?{OF}{NAME}(?: {OF}{NAME}){{0,4}}"
    rf"(?:, ?| )(?:n[º°.o]* ?)?(?:{NUMBER}|[Ss]/[Nn])",
    # Via Garibaldi, 12; Piazza della Repubblica 3
    rf"\b(?:Via|Viale|Piazza|Piazzale|Corso|Vicolo|Lungomare|Strada) {OF}{NAME}(?: {OF}{NAME}){{0,3}}(?:, ?| ){NUMBER}",
    # 12 bis, rue de la Paix
    rf"\b\d{{1,4}},? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|allée|impasse|quai|cours|route|square|passage) {OF}{NAME}(?: {NAME})?",
    # Hauptstraße 5, Heidelore-Ullrich-Weg 64, Lange Straße 3, Keizersgracht 12
    rf"\b[A-ZÄÖÜ][\wäöüß-]{{2,40}}(?:straße|strasse|str\.|gasse|weg|platz|allee|ring|damm|ufer|straat|laan|plein|gracht|singel|kade|dreef|steeg) {NUMBER}",
    rf"\b{NAME}[- ](?:Straße|Strasse|Str\.|Gasse|Weg|Platz|Allee|Ring|Damm|Ufer) {NUMBER}",
    # ul. Jesionowa 31, plac Wolności 2/7
    rf"\b(?:ul|al|pl|os)\. ?{NAME}(?: {NAME}){{0,2}} {NUMBER}|\b(?:ulica|aleja|plac|osiedle) {NAME}(?: {NAME}){{0,2}} {NUMBER}",
)  # fmt: skip
ADDRESS = re.compile("|".join(PATTERNS))
