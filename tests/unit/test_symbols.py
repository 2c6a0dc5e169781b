"""Symbols of office fonts: what a page shows as µ, ≥ or a ticked box is never read as nothing. Invented."""

import io
import unicodedata

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from reportlab.pdfgen.canvas import Canvas

from inference.checking import check_claim
from inference.engines.base import DraftClaim, Medication
from inference.parsing.symbols import readable
from inference.prompts.rendering import visible
from inference.text import read_note
from inference.vocabulary import Assertion, Category, DrugStatus
from tests.uploads import DOCX, PDF, RTF, TXT, read

SHOWN = "Levothyroxine 50 µg daily; CRP ≥ 10, K ↓, 37 °C ± 1, ☑ Asthma ☒ Gout ☐ Stroke"
PRIVATE = (
    "Levothyroxine 50 \uf06dg daily; CRP \uf0b3 10, K \uf0af, 37 \uf0b0C \uf0b1 1, "
    "\uf0fe Asthma \uf0fd Gout \uf0a8 Stroke"
)


def word_of(*runs: str) -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for run in runs:
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{run}</w:r>"))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def sym(font: str, code: str) -> str:
    return f'<w:sym w:font="{font}" w:char="{code}"/>'


def words(text: str) -> str:
    return f'<w:t xml:space="preserve">{text}</w:t>'


def test_private_characters_of_a_text_are_read_as_the_page_shows_them() -> None:
    assert read(PRIVATE.encode(), TXT).text == SHOWN


def test_symbols_of_a_word_document_are_read_in_every_form() -> None:
    made = word_of(
        words("Levothyroxine 50 "), sym("Symbol", "F06D"), words("g; "),
        '<w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/></w:rPr>' + words("m"), words("g; CRP "),
        sym("Symbol", "00B3"), words(" 10 "), sym("Wingdings", "F0FE"), words(" Asthma "),
        '<w:fldChar w:fldCharType="begin"/>', '<w:instrText> SYMBOL 163 \\f "Symbol" \\s 11</w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>', words("x"), '<w:fldChar w:fldCharType="end"/>',
        words(" 5; "), sym("Wingdings", "F028"), words(" 12, "), sym("Own Icons", "F0C3"), words(" 14"),
    )  # fmt: skip
    assert read(made, DOCX).text == ("Levothyroxine 50 µg; µg; CRP ≥ 10 ☑ Asthma ≤ 5; \ufffd 12, \uf0c3 14")


@pytest.mark.parametrize(
    "writing",
    [
        rb"{\f3 m}g",
        rb"{\f3\'6d}g",
        rb"\u-3987?g",
        rb"{\f3\u-3987\'6d}g",
        rb'{\field{\*\fldinst SYMBOL 109 \\f "Symbol" \\s 10}{\fldrslt\f3\fs20}}g',
        rb'{\field{\*\fldinst {SYMBOL 109 \\f "Symbol" \\s 10}}{\fldrslt{\f3\fs20 m}}}g',
    ],
)
def test_symbols_of_an_rtf_document_are_read_in_every_form(writing: bytes) -> None:
    fonts = rb"{\fonttbl{\f0 Arial;}{\f3\froman\fcharset2\fprq2{\*\panose 05050102}Symbol;}}"
    source = rb"{\rtf1\ansi\ansicpg1252" + fonts + rb"\f0 Levothyroxine 50 " + writing + rb" daily m\'e9.}"
    assert read(source, RTF).text.strip() == "Levothyroxine 50 µg daily mé."


def test_a_symbol_font_of_a_pdf_is_read_with_its_own_table() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    text = canvas.beginText(60, 700)
    for font, words_ in (("Helvetica", "Levothyroxine 50 "), ("Symbol", "µ"), ("Helvetica", "g daily, CRP ")):
        text.setFont(font, 11)
        text.textOut(words_)
    text.setFont("Symbol", 11)
    text.textOut("≥")
    text.setFont("Helvetica", 11)
    text.textOut(" 10")
    canvas.drawText(text)
    canvas.save()
    made = read(out.getvalue(), PDF).text
    assert unicodedata.normalize("NFKC", made) == unicodedata.normalize(
        "NFKC", "Levothyroxine 50 µg daily, CRP ≥ 10"
    )


def test_a_known_font_decides_what_a_code_shows() -> None:
    assert readable("\uf06d", ["ABCDEF+SymbolMT"]) == "µ"
    assert readable("\uf0e0 \uf06d", ["ABCDEF+Wingdings-Regular"]) == "→ \ufffd"
    assert readable("\uf0e0 \uf06d", ["Wingdings", "Symbol"]) == "→ µ"
    assert readable("\uf0b7 Bloods\n\uf0af K") == "• Bloods\n↓ K"


def test_what_cannot_be_read_is_shown_to_the_model_as_a_gap() -> None:
    assert visible("Levothyroxine 50 \ue012g, \U000f0001, \U0001faff").startswith(
        "Levothyroxine 50 \ufffdg, \ufffd"
    )
    assert visible("50 \uf06dg") == "50 \ufffdg"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Levothyroxine 50 \uf06dg daily", "Levothyroxine 50 g daily"),
        ("Levothyroxine 50 \ufffdg daily", "Levothyroxine 50 g daily"),
        ("Levothyroxine 50\uf06dg daily", "Levothyroxine 50 mg daily"),
        ("CRP \uf0b3 10", "CRP 10"),
        ("Potassium 3\ue0015 today", "Potassium 3 today"),
    ],
)
def test_a_number_beside_a_character_that_cannot_be_read_is_doubted(source: str, said: str) -> None:
    claim = DraftClaim(said, Category.OTHER, Assertion.PRESENT, (1,))
    flags = check_claim(claim, read_note(source))
    assert [f.severity.value for f in flags if "could not be read" in f.message] == ["warning"]


def test_a_dose_detail_beside_a_character_that_cannot_be_read_is_doubted() -> None:
    claim = DraftClaim(
        "Levothyroxine daily",
        Category.MEDICATION,
        Assertion.PRESENT,
        (1,),
        medication=Medication("Levothyroxine", "50 g", "", "daily", DrugStatus.UNSTATED),
    )
    flags = check_claim(claim, read_note("Levothyroxine 50 \uf06dg daily"))
    assert any("could not be read" in flag.message for flag in flags)


def test_a_character_that_cannot_be_read_elsewhere_raises_no_doubt_about_a_number() -> None:
    note = read_note("Levothyroxine 50 micrograms daily \ue012 and 2.5 mg bisoprolol")
    claim = DraftClaim("Levothyroxine 50 micrograms daily", Category.OTHER, Assertion.PRESENT, (1,))
    assert check_claim(claim, note) == ()
