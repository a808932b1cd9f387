"""What says who somebody is leaves no text; what does not, stays."""

import time
from itertools import product

import pytest

from arni_edge.domain.masking import mask_cloud, mask_for_staff, mask_log, mask_staff
from arni_edge.domain.people import Member
from arni_edge.domain.personal_data import iban_holds, luhn_holds

MIA = "Mia Muster"


# --- what goes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Ruf mich an: 0151 23456789", "Ruf mich an: [Telefon]"),
        ("Tel:015123456789", "Tel:[Telefon]"),
        ("+49 151 2345-6789 bitte", "[Telefon] bitte"),
        ("+49 (0)151/2345-6789", "[Telefon]"),
        ("0049 151 23456789", "[Telefon]"),
        ("(030) 123 456 78", "[Telefon]"),
        ("0151.2345.6789!", "[Telefon]!"),
        ("030/1234567", "[Telefon]"),
        ("0 30 12 34 56 78 ist meine, ruf an", "0 30 12 34 56 78 ist meine, ruf an"),
        ("Handy 0 30 12 34 56 78", "Handy [Telefon]"),
        ("wa.me/4915123456789", "wa.me/[Telefon]"),
        ("0151 2345678 oder 0152 3456789", "[Telefon] oder [Telefon]"),
        ("0151 2345678 0152 3456789", "[Telefon]"),
        ("Termin 12.05. 0151 23456789", "Termin 12.05. [Telefon]"),
        ("my number is 2345678", "my number is [Telefon]"),
        ("+1 (650) 387-9439", "[Telefon]"),
        ("+43 664 1234567, +41 79 123 45 67", "[Telefon], [Telefon]"),
        ("mia.muster+gym@example.co.uk schreiben", "[E-Mail] schreiben"),
        ("mia (at) example.de", "[E-Mail]"),
        ("mailto:mia@example.de.", "mailto:[E-Mail]."),
        # Published examples: ECBS TR201 / SWIFT IBAN registry.
        ("DE89 3704 0044 0532 0130 00 danke", "[IBAN] danke"),
        ("de89370400440532013000", "[IBAN]"),
        ("AT61 1904 3002 3457 3201, CH93 0076 2011 6238 5295 7", "[IBAN], [IBAN]"),
        ("GB29 NWBK 6016 1331 9268 19", "[IBAN]"),
        ("DE12 DE89 3704 0044 0532 0130 00", "DE12 [IBAN]"),
        ("meine IBAN: DE89 3704 0044 0532 0130 01", "meine IBAN: [IBAN]"),
        # Test numbers of the card networks.
        ("4111 1111 1111 1111 12/27", "[Karte] 12/27"),
        ("5555555555554444", "[Karte]"),
        ("3782 822463 10005", "[Karte]"),
        ("2345 4111 1111 1111 1111", "2345 [Karte]"),
        ("geboren am 23.05.1988", "geboren am [Geburtsdatum]"),
        ("geb. 3.5.88", "geb. [Geburtsdatum]"),
        ("Geburtsdatum ist der 3. Mai 1988", "Geburtsdatum ist der [Geburtsdatum]"),
        ("DOB 1988-05-23", "DOB [Geburtsdatum]"),
        ("I was born on May 23, 1988", "I was born on [Geburtsdatum]"),
        ("am 23.05.1988 geboren", "am [Geburtsdatum] geboren"),
        ("23.05.1988", "[Geburtsdatum]"),
        ("Musterstraße 12", "[Adresse]"),
        ("Ich wohne in der Berliner Straße 12b, 10115 Berlin.", "Ich wohne in der [Adresse]."),
        ("hauptstr. 5 in 12345 Musterstadt", "[Adresse] in [Adresse]"),
        ("Rosenweg 3, D-50667 Köln", "[Adresse]"),
        ("Am Markt 7, 50667 Köln", "[Adresse]"),
        ("221b Baker Street, London, NW1 6XE", "[Adresse]"),
        ("Meine Adresse ist 50667 Köln", "Meine Adresse ist [Adresse]"),
        ("Ich habe Diabetes und Rückenschmerzen", "Ich habe [Gesundheit] und [Gesundheit]"),
        ("my knee injury hurts", "my knee [Gesundheit] [Gesundheit]"),
        ("ich heiße Lea Beispiel und will rein", "ich heiße [Name] und will rein"),
        ("my name is lea", "my name is [Name]"),
        ("Mein Name ist Lea", "Mein Name ist [Name]"),
        ("Hier ist Lea Beispiel", "Hier ist [Name]"),
        ("message wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQ= failed", "message [Nachricht] failed"),
    ],
)
def test_what_is_personal_goes(text: str, masked: str) -> None:
    assert mask_cloud(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Bestellnummer 0815123456",
        "Rechnung Nr. 2026 1122 3344",
        "Meine Mitgliedsnummer ist 10023456",
        "order #4711000123",
        "Heute von 06:00-23:00 Uhr, 18:30 bis 20:15",
        "am 01.02.2026 und 03.04.2026, 01.02.-03.04.2026",
        "seit 2019-03-04 dabei",
        "07 08 2026",
        "Vertrag seit 01.02.2019 läuft",
        "110 kg, 5x5, 3 x 12 Wdh, 1.234,56 €",
        "Version 0.12.3456.78 und 1.20.3",
        "192.168.10.20:554 und 010.10.10.10",
        "018f3c2d9a7b4e5d6f7a8b9c0d, 0123456f",
        "550e8400-e29b-41d4-a716-446655440000",
        "112 Euro, 12345 Schritte, 100000000 Mal",
        "4111 1111 1111 1112",
        "DE88 3704 1144 1532 1130 00",
        "Platz 5, Parkplatz 12, Umweg 3, Ring 7, During 10 minutes",
        "Hier ist Wasser auf dem Boden",
        "ich bin krankenversichert, meine Krankenkasse zahlt",
        "Herzlichen Dank, das ist traumhaft",
        "http://a/ and b@c",
        "12345678 Leute",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask_cloud(text) == text
    assert mask_staff(text) == text


def test_names_that_the_house_knows_go_in_every_form() -> None:
    text = "Frau Muster (MIA), Musters Karte, mia-sophie, Mustermann"
    assert mask_cloud(text, [MIA]) == "Frau [Name] ([Name]), [Name] Karte, [Name], Mustermann"
    assert mask_cloud("Mia Muster war da", [MIA]) == "[Name] war da"
    assert mask_cloud("Frau Mueller", ["Eva Müller-Wöhrmann"]) == "Frau [Name]"


def test_staff_see_the_first_name_and_the_last_three_digits() -> None:
    mia = Member("m1", MIA, "+4915123456789")
    assert mask_for_staff("Mia Muster, 0151 23456789", mia) == "Mia [Name], [Telefon …789]"
    assert mask_for_staff("ich heiße Lea Beispiel", None) == "ich heiße Lea [Name]"


def test_staff_may_read_that_something_hurts_but_not_what_somebody_suffers_from() -> None:
    assert mask_staff("Mein Knie schmerzt, ich habe HIV") == "Mein Knie schmerzt, ich habe [Gesundheit]"


_NUMBERS = [
    *("015123456789|0151 23456789|0151-23456789|0151/23456789|0151.23456789|0151 234 567 89|(0151) 23456789|"
      "0151 / 234 567 89|0151 - 2345 - 6789|030 1234567|030/1234567|(030) 123 45 67|0049 151 23456789|"
      "0049(0)15123456789|004915123456789|+4915123456789|+49 151 23456789|+49 (0) 151 23456789|"
      "+49-151-23456789|"
      "+49/151/23456789|(+49) 151 23456789|49 151 23456789|4915123456789|+1 650 387 9439|+16503879439|"
      "001 650 387 9439|+44 7911 123456|+90 532 123 45 67|+48 512 345 678|+380 50 123 4567|+43 664 1234567|"
      "+41 79 123 45 67|0043 664 1234567").split("|"),
    # Hyphens and blanks of other widths, and of none; digits of another script.
    "0151\u201323456789",
    "+49\u00a0151\u202f2345\u20116789",
    "0151\u200923456789",
    "0151\u200b23456789",
    "٠١٥١٢٣٤٥٦٧٨٩",
]  # fmt: skip


@pytest.mark.parametrize(
    "around",
    ["{}", "Tel.{}", "Tel {}.", "Mobil:{}", "a,{},b", "Ich bin Mitglied, {} ist meine", "-{}-", '"{}"',
     "error {}", "code: {}", "{} Uhr 8", "whatsapp:{}", "\u202a{}\u202c"],
)  # fmt: skip
def test_a_number_goes_however_it_is_spelled_and_wherever_it_stands(around: str) -> None:
    for number, mask in product(_NUMBERS, (mask_log, mask_cloud, mask_staff)):
        digits = [str(int(mark)) for mark in number if mark.isdigit()]
        masked = mask(around.format(number))
        left = "".join(str(int(mark)) for mark in masked if mark.isdigit())
        assert len(left) <= 4 + around.count("8"), (mask.__name__, masked)  # staff see the last three
        assert "".join(digits[-6:]) not in left, (mask.__name__, masked)


@pytest.mark.parametrize(
    "text", ["Buchung 0151 23456789", "Mitglied: +49 30 1234567", "Auftrag 0049 30 1234567"]
)
def test_what_is_certainly_a_number_goes_also_where_an_id_may_stand(text: str) -> None:
    assert mask_cloud(text).endswith("[Telefon]")


@pytest.mark.parametrize("text", ["Telefon015123456789", "Handy0151 23456789", "whatsapp4915123456789"])
def test_a_number_goes_that_is_glued_to_what_it_is(text: str) -> None:
    assert mask_cloud(text).endswith("[Telefon]")


@pytest.mark.parametrize(
    "text",
    [
        "the recipient cannot get WhatsApp messages (code 131026)",
        "too many WhatsApp messages to one person (code 131056)",
        "WhatsApp asks for fewer calls: error 130429",
        "call center status 500123",
        "WhatsApp refuses the number: code=131031, error 2494010",
        "the number of rows is 123456 bytes",
        "phone service: http 202, pid 123456",
        "called port 18830, pid 4194304",
        "WhatsApp answered after 1234567 ms",
        "whatsapp queue of 1048576 bytes",
        "52.520008, 13.404954",
        "lat 52.5200081 lon 13.4049541",
        "0.123456789 s",
        "2026-11-21T10:49:52.123456+01:00",
        "2026-11-21 10:49:52",
        "019ab7c2d9a7b4e5d6f7a8b9c0",
        "0x00000000deadbeef",
        "a1b2c3d4e5f60718",
        "110 kg, 1.234.567,89 €, 3840x2160@25",
        "version 1.20.3, firmware 20240213-091530/1.2.0-gabcdef1",
        "192.168.100.200:18830",
        "whatsapp:8f1b2c3d4e5f",
    ],
)
def test_what_machines_say_is_no_phone_number(text: str) -> None:
    assert mask_log(text) == text
    assert mask_cloud(text) == text


# --- logs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rtsp://admin:P@ss/wort@10.0.0.2/stream", "rtsp://***@10.0.0.2/stream"),
        ("https://api.telegram.org/bot123456789:AAF-x_y/getMe", "https://api.telegram.org/bot***/getMe"),
        ("token 1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX", "token ***"),
        ("Bearer EAAGm0PX4ZCpsBAKZCx", "Bearer ***"),
        ("?access_token=abc&x=1", "?access_token=***&x=1"),
        ("wa_id 4915123456789 unknown", "wa_id [Telefon] unknown"),
        ("id 100200300400 x", "id [Telefon] x"),
    ],
)
def test_logs_lose_secrets_and_every_long_number(text: str, masked: str) -> None:
    assert mask_log(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "port 18830",
        "2026-11-21T10:49:52Z",
        "state=5 after 1.2 s",
        "schema 3",
        "took 0.123456 s",
        "10.0.0.2:8883",
    ],
)
def test_logs_keep_what_technicians_need(text: str) -> None:
    assert mask_log(text) == text


# --- sums -------------------------------------------------------------------------------------------------


def test_check_digits_are_those_of_the_standards() -> None:
    assert iban_holds("DE89370400440532013000")
    assert iban_holds("NO9386011117947")
    assert not iban_holds("DE89370400440532013001")
    assert not iban_holds("XX89370400440532013000")
    assert luhn_holds("79927398713")
    assert not luhn_holds("79927398710")


# --- hostile ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece",
    "1 |1|a.|a-|a@|://|://@|0151 |+49|(|Straße |A |DE89|ab12 |4111 |geb. |1.1.|ich heiße |wamid.|eyJ|bearer |"
    "token=|pass|01.02.2014 |A.A|é|1(|Aa 1|12345 Aa ".split("|"),
)
@pytest.mark.parametrize("end", ["", "a"])
def test_twice_the_length_takes_twice_the_time(piece: str, end: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece)) + end
        begin = time.process_time()
        mask_log(text)
        mask_cloud(text, [MIA])
        return time.process_time() - begin

    # Four times the length in less than the sixteen times that a quadratic pattern would take.
    short = min(seconds(2_000) for _ in range(2))
    assert seconds(8_000) < 10 * short + 0.05
