"""Documents as a hospital uploads them, made here; every patient in them is invented."""

import io
import zipfile
import zlib

import docx
import pypdf
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from inference.parsing import ParsedDocument, ParseRefused, parse, sniff
from inference.vocabulary import DocumentFormat

TXT, MD, PDF, DOCX, RTF = DocumentFormat
PROSE = "This invented lady was admitted with cough. She was given doxycycline 100 mg b.i.d. and went home."


def pdf(*pages: str) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4)
    for text in pages:
        for row, line in enumerate(text.split("\n")):
            page.drawString(60, 780 - 14 * row, line)
        page.showPage()
    page.save()
    return out.getvalue()


def scanned_pdf(pages: int = 2) -> bytes:
    picture = io.BytesIO(b"P5 8 8 255 " + bytes(range(64)))
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4)
    for _ in range(pages):
        page.drawImage(ImageReader(picture), 0, 0, 595, 842)
        page.showPage()
    page.save()
    return out.getvalue()


def locked_pdf(user: str, owner: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(PROSE)))
    writer.encrypt(user, owner, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def bomb_pdf(unpacked: int) -> bytes:
    """A page whose content stream unpacks to `unpacked` blanks."""
    packer = zlib.compressobj(9)
    block = b" " * 2**20
    packed = b"".join(packer.compress(block) for _ in range(unpacked // 2**20)) + packer.flush()
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
        stream,
    ]
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj%b endobj\n" % (number, content)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + table + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)


def word(build=None) -> bytes:
    document = docx.Document()
    if build:
        build(document)
    else:
        document.add_paragraph(PROSE)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def rezip(data: bytes, changes: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def read(data: bytes, document_format: DocumentFormat) -> ParsedDocument:
    return parse(data, document_format)


def refused(data: bytes, document_format: DocumentFormat, **limits: float) -> str:
    with pytest.raises(ParseRefused) as caught:
        parse(data, document_format, **limits)
    assert str(caught.value) == caught.value.code
    assert caught.value.sentence.endswith(".")
    return caught.value.code


def sniff_refused(data: bytes, filename: str) -> str:
    with pytest.raises(ParseRefused) as caught:
        sniff(data, filename)
    return caught.value.code
