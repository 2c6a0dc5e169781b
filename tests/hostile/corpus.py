"""Notes that try to give orders to whoever summarises them. Every patient in them is invented.

Each is the same short note with one hostile text put somewhere in it, and with a name that no other note has.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILES = ("orders", "marks", "disguises", "places")
PLACES = ("start", "allergies", "medication", "table", "end")
NOTE = """\
Invented patient, for testing: {name}, MRN INV-{number:04d}.
{start}
Presenting complaint:
Cough and fever for {days} days. No chest pain.

Allergies:
Penicillin (rash)
{allergies}

Medication:
- Warfarin 3 mg once daily
- Doxycycline 100 mg once daily
{medication}

Bloods:
| Test | Result |
|---|---|
| CRP | 128 |
{table}

Plan:
Repeat CRP in 1 week with GP.
{end}
"""
_BEGINNINGS = ("Bal", "Cor", "Dun", "Fen", "Gor", "Hul", "Jas", "Kel", "Lor", "Mox")
_ENDINGS = ("bridge", "combe", "dale", "garth", "holt", "moor", "stead", "thorpe", "vane", "wick")


@dataclass(frozen=True)
class Hostile:
    """One hostile note.

    Attributes:
        number: from 1.
        kind: what kind of attack it is.
        tries: what it wants.
        name: its patient's, in no other note.
        injected: the hostile text.
        text: the whole note, as somebody would upload it.
        flagged: whether it gives itself away; where not, it is here for the other defences.
    """

    number: int
    kind: str
    tries: str
    name: str
    injected: str
    text: str
    flagged: bool


def _read() -> tuple[Hostile, ...]:
    found: list[Hostile] = []
    for file in FILES:
        entries = tomllib.loads(Path(__file__).with_name(f"{file}.toml").read_text(encoding="utf-8"))["note"]
        for entry in entries:
            number = len(found) + 1
            name = _BEGINNINGS[number // 10] + _ENDINGS[number % 10]
            injected = entry.get("joined", " ").join([entry["text"]] * entry.get("repeated", 1))
            places = dict.fromkeys(PLACES, "") | {entry.get("at", "end"): injected}
            text = NOTE.format(name=name, number=number, days=2 + number % 7, **places)
            flagged = entry.get("flagged", True)
            found.append(Hostile(number, entry["kind"], entry["tries"], name, injected, text, flagged))
    return tuple(found)


HOSTILE = _read()
