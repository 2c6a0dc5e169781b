"""What of a note one request shows: all of it, or a run of its sentences where the whole is too long."""

from dataclasses import dataclass

from inference.text import Note


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a note's sentences that an engine is shown in one request.

    Attributes:
        note: the whole note; numbers and offsets are its own, whatever part is shown.
        numbers: the sentences to be read, ascending, from 1.
        context: sentences from elsewhere that say who the patient is, repeated before each later part.
        position: which part this is, from 1.
        of: how many parts the note is read in.
    """

    note: Note
    numbers: tuple[int, ...]
    context: tuple[int, ...] = ()
    position: int = 1
    of: int = 1

    @property
    def citable(self) -> tuple[int, ...]:
        """Every sentence that is shown, ascending: what a claim may cite."""
        return tuple(sorted({*self.context, *self.numbers}))


def whole(note: Note) -> Part:
    """Show a note in one part."""
    return Part(note, tuple(sentence.number for sentence in note.sentences))
