"""Text that a document holds and its page does not show: kept, counted and told."""

import pytest

from inference.checking.injection import suspicious
from inference.parsing import parse
from inference.text import read_note
from inference.vocabulary import DocumentFormat
from tests.hostile import documents
from tests.hostile.documents import LETTERS, ORDER
from tests.uploads import DOCX, PDF, RTF, TXT

UNSEEN = [
    pytest.param(data, kind, id=f"{kind}-{name}")
    for kind, made in (
        (PDF, documents.UNSEEN_PDFS),
        (DOCX, documents.UNSEEN_DOCX),
        (RTF, documents.UNSEEN_RTF),
    )
    for name, data in made.items()
]
SEEN = [
    pytest.param(data, kind, id=f"{kind}-{name}")
    for kind, made in ((PDF, documents.SEEN_PDFS), (DOCX, documents.SEEN_DOCX), (RTF, documents.SEEN_RTF))
    for name, data in made.items()
]


@pytest.mark.parametrize(("data", "kind"), UNSEEN)
def test_text_that_the_page_does_not_show_is_kept_counted_and_told(data: bytes, kind: DocumentFormat) -> None:
    parsed = parse(data, kind)
    assert parsed.warnings == (f"text_not_shown:{LETTERS}",)
    assert ORDER in " ".join(parsed.text.split())
    assert suspicious(read_note(parsed.text))


@pytest.mark.parametrize(("data", "kind"), SEEN)
def test_text_that_the_page_shows_is_not_called_hidden(data: bytes, kind: DocumentFormat) -> None:
    parsed = parse(data, kind)
    assert parsed.warnings == ()
    assert ORDER in " ".join(parsed.text.split())


def test_removed_invisible_characters_are_counted_and_soft_hyphens_are_not() -> None:
    parsed = parse("Wal\u00adks w\u200bell\u202e and\U000e0041 eats.".encode(), TXT)
    assert parsed.text == "Walks well and eats."
    assert parsed.warnings == ("invisible_characters:3",)
