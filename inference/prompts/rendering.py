"""How a note is shown to a model: numbered lines that the note's own words cannot imitate or break out of.

Only the model sees this form. Offsets, quotations and checks use the note's own text.
"""

import re
import unicodedata

from inference.parts import Part
from inference.rows import cells_with_headers
from inference.text import Note, Sentence
from inference.vocabulary import SentenceKind

# Marks that tokenizers turn into control tokens: a space breaks them, and they stay readable. Any tag is
# broken, because every family of models has its own (`<s>`, `<start_of_turn>`, `<think>`, `<unused0>`).
_CONTROL_MARKS = re.compile(
    r"<(?=[|｜<])|(?<=[|｜>])>|<(?=/?[A-Za-z_][^<>\s]{0,60}>)|<(?=0x[0-9A-Fa-f]{2}>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|MODEL_SETTINGS|AVAILABLE_TOOLS|TOOL_(?:CALLS?|RESULTS|CONTENT)|ARGS|CALL_ID"
    r"|THINK|IMG(?:_BREAK|_END)?|(?:BEGIN_)?AUDIO|TRANSCRIBE|PREFIX|MIDDLE|SUFFIX|CLS|SEP|MASK|PAD|UNK|BOS|EOS"
    r"|[gs]MASK|control_\d{1,4})\])"
)
# What nobody sees and Unicode does not call a format character: joiners, fillers, variation selectors.
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FILLERS = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")


def visible(text: str) -> str:
    """Fold a piece of note text into one line without invisible characters or chat-template marks.

    Zero-width, bidirectional and other format characters (Unicode Cf), variation selectors and control
    characters go first, so that none can hide a mark; private-use and unassigned ones become U+FFFD; then
    marks such as `<|eot_id|>` are broken by a space, and white space is folded.
    """
    if not text.isascii() or not text.isprintable():
        text = _FILLERS.sub(" ", _UNSEEN.sub("", text))
        text = "".join(_shown(character) for character in text)
    text = _CONTROL_MARKS.sub(lambda mark: f"{mark[0]} " if mark[0] in "<[" else f" {mark[0]}", text)
    return " ".join(text.split())


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    # What stands on the page and cannot be read is never nothing: "50 µg" would become "50 g".
    if category == "Co" or (category in {"Cn", "Cs"} and not 0xE0000 <= ord(character) <= 0xE0FFF):
        return "\ufffd"
    return "" if category in {"Cc", "Cf", "Cn"} else character


def render_sentence(note: Note, sentence: Sentence) -> str:
    """Write one sentence as its line.

    `S12| text`; a heading is `S12| ## text`; a table row carries its heads (`S12| Test: CRP; Result: 128`).
    """
    if sentence.kind is SentenceKind.ROW:
        pairs = cells_with_headers(note, sentence)
        text = visible("; ".join(f"{head}: {cell}" if head else cell for head, cell in pairs))
    else:
        text = ("## " if sentence.kind is SentenceKind.HEADER else "") + visible(sentence.text).lstrip("# ")
    return f"S{sentence.number}| {text}"


def render_part(part: Part) -> str:
    """Write what is shown as numbered lines; a `## title` line says where a section goes on after another.

    Each sentence is exactly one line and begins with its own number, so a line that a note fakes (`S3| …`)
    can only stand behind a true number. Everything in the part is there: nothing is cut. Where a note is read
    in parts, a first line in brackets says which this is, and the lines about the patient come next.
    """
    lines: list[str] = []
    if part.of > 1:
        lines.append(f"(part {part.position} of {part.of} of one note)")
    repeated = [number for number in part.context if number not in part.numbers]
    lines.extend(render_sentence(part.note, part.note.sentences[number - 1]) for number in repeated)
    section = ""
    for number in part.numbers:
        sentence = part.note.sentences[number - 1]
        if sentence.section != section:
            section = sentence.section
            if section and sentence.kind is not SentenceKind.HEADER:
                lines.append(f"## {visible(section)}")
        lines.append(render_sentence(part.note, sentence))
    return "\n".join(lines)
