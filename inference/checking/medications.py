"""A drug in a claim must be named in its evidence, with that dose, that often, and with that fate."""

from functools import partial

from inference.checking import doses as dosing
from inference.checking import schedules, statuses
from inference.checking.case import Case
from inference.checking.doses import doses
from inference.checking.drug_events import OPEN, Event, Events, events_of
from inference.checking.drugs import Mention, classes_of, find_classes, names_within
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.nearness import routes_of
from inference.checking.reading import Reading
from inference.vocabulary import Category, Severity

__all__ = ["check", "doses"]

Given = list[tuple[Reading, Mention]]
_MOST_NAMED = 80  # drugs of a claim: past them it is no claim
_MOST_GIVEN = 40  # places of one drug in the cited sentences: past them it is no evidence that anybody chose


def check(case: Case) -> tuple[list[Flag], set[int], frozenset[int]]:
    """Check drugs, doses, frequencies and what becomes of each drug.

    Args:
        case: the claim, its evidence and its note.

    Returns:
        The flags, the starts of the claim's quantities that they account for, and the tokens of drugs of
        which both sides say alike whether they are taken: their negation is settled.
    """
    claim = case.claim
    flags: list[Flag] = []
    explained: set[int] = set()
    settled: set[int] = set()
    named = drugs_and_classes(claim)
    if not named:
        return flags, explained, frozenset()
    ours = _by_drug(events_of(claim, named))
    drugs = frozenset(claim.drugs)
    written = {id(source): drugs_and_classes(source) for source in case.sources}
    theirs = {id(source): events_of(source, written[id(source)]) for source in case.sources}
    known: dict[tuple[str, bool], Given] = {}  # by name: a claim may name a drug often
    for mention in named[:_MOST_NAMED]:
        is_class = mention not in drugs
        if (mention.name, is_class) not in known:
            known[mention.name, is_class] = [
                (source, other)
                for source in case.sources
                for other in written[id(source)]
                if is_given(mention, other, is_class) and (is_class or other in source.drugs)
            ][:_MOST_GIVEN]
        given = known[mention.name, is_class]
        if not given:
            flag, starts = _not_given(case, claim, mention, is_class)
            flags.extend(flag)
            explained |= starts
            if not is_class:
                continue
        if not is_class:
            drug_flags, starts = _amounts(case, claim, mention, given)
            flags.extend(drug_flags)
            explained |= starts
        with_events = [(s, o, _events(theirs, s, o)) for s, o in given] or _of_class(case, mention, theirs)
        if with_events:
            events = _with_steps(claim, mention, ours[mention])
            rest = partial(_rest, case, mention, given)
            status, is_settled = statuses.check(case, claim, mention, events, with_events, rest)
            if status is not None:
                flags.append(status)
            if is_settled:
                settled.update(range(mention.first, mention.past))
    return flags, explained, frozenset(settled)


def _by_drug(events: dict[Mention, Events]) -> dict[Mention, Events]:
    """Let a drug that is named twice keep what is said of it: "ramipril was stopped; ramipril levels"."""
    said: dict[str, Events] = {}
    for mention, own in events.items():
        said[mention.name] = said.get(mention.name, frozenset()) | own
    return {mention: own or said[mention.name] for mention, own in events.items()}


def _of_class(
    case: Case, mention: Mention, theirs: dict[int, dict[Mention, Events]]
) -> list[tuple[Reading, Mention, Events]]:
    """Where the evidence names only the class of a drug, and what becomes of it."""
    return [
        (source, other, theirs[id(source)][other])
        for source in case.sources
        for other in drugs_and_classes(source)
        if other not in source.drugs and other.name in classes_of(mention.name)
    ]


def _events(theirs: dict[int, dict[Mention, Events]], source: Reading, other: Mention) -> Events:
    return _with_steps(source, other, theirs[id(source)][other])


def _with_steps(reading: Reading, mention: Mention, events: Events) -> Events:
    """Add that a dose rises or falls where its old and its new value say so."""
    if mention not in reading.drugs or (events and events <= OPEN | {Event.REFUSED}):
        return events
    moves = {dosing.compare(old, new) for old, new in dosing.steps(reading, mention)}
    rises = {Event.RAISED} if 1 in moves else set()
    falls = {Event.LOWERED} if -1 in moves else set()
    return events | rises | falls


def drugs_and_classes(reading: Reading) -> list[Mention]:
    """The drugs of a text and the classes of drugs that it names, from left to right."""
    classes = [Mention(*found) for found in find_classes(reading.words)]
    if not classes:
        return reading.drugs
    drugs = [d for d in reading.drugs if not any(c.first <= d.first and d.past < c.past for c in classes)]
    taken = {index for drug in drugs for index in range(drug.first, drug.past)}
    classes = [c for c in classes if taken.isdisjoint(range(c.first, c.past))]
    return sorted([*drugs, *classes], key=lambda mention: mention.first)


def is_given(claimed: Mention, given: Mention, is_class: bool = False) -> bool:
    """Tell whether a drug bears out another name of it, a combination its part, a drug its class."""
    if is_class:
        return claimed.name in classes_of(given.name)
    return claimed.name in names_within(given.name) or given.name in names_within(claimed.name)


def _elsewhere(case: Case, mention: Mention) -> Given:
    own = {source.number for source in case.sources}
    is_class = mention not in case.claim.drugs
    return [
        (reading, other)
        for reading in case.around.sentences
        if reading.number not in own
        for other in (drugs_and_classes(reading) if is_class else reading.drugs)
        if is_given(mention, other, is_class)
    ]


def _rest(case: Case, mention: Mention, given: Given) -> Events:
    """What the rest of the note says becomes of a drug, with a change where the note gives it two doses."""
    elsewhere = _elsewhere(case, mention)
    said: set[Event] = set()
    for reading, other in elsewhere:
        said |= _with_steps(reading, other, events_of(reading, drugs_and_classes(reading))[other])
        if statuses.status_of(reading, other) is statuses.Status.ENDED:
            said.add(Event.STOPPED)
    amounts = {
        (quantity.values, quantity.unit)
        for reading, other in [*given, *elsewhere]
        if other in reading.drugs
        for quantity in doses(reading, other)
    }
    return frozenset(said | {Event.CHANGED}) if len(amounts) > 1 else frozenset(said)


def _amounts(case: Case, claim: Reading, mention: Mention, given: Given) -> tuple[list[Flag], set[int]]:
    elsewhere = _elsewhere(case, mention)
    flags, explained = dosing.check(case, claim, mention, given, elsewhere)
    if not flags and (multiple := dosing.multiple_flag(claim, mention, given)) is not None:
        flags.append(multiple)
    often, of_frequencies = schedules.check(case, claim, mention, given, elsewhere)
    if often is not None:
        flags.append(often)
    if (route := _other_route(claim, mention, given, elsewhere)) is not None:
        flags.append(route)
    return flags, explained | of_frequencies


def _other_route(claim: Reading, mention: Mention, given: Given, elsewhere: Given) -> Flag | None:
    """Doubt "oral" where the note gives the drug into a vein, and only so."""
    ours = routes_of(claim, mention)
    if not ours:
        return None
    theirs = [(source, routes_of(source, other)) for source, other in given]
    known = frozenset[str]().union(*(routes for _, routes in theirs))
    is_alike = {"inhaled", "nebulised"} <= known | ours
    if not known or ours & known or is_alike or any(ours & routes_of(s, o) for s, o in elsewhere):
        return None
    source, routes = next((s, r) for s, r in theirs if r)
    message = (
        f"Route: the claim gives {quoted(claim.written(mention))} as {', '.join(sorted(ours))}; sentence "
        f"{source.number} says {', '.join(sorted(routes))}."
    )
    return Flag("route", Severity.WARNING, message, frozenset(range(mention.first, mention.past)))


def _not_given(case: Case, claim: Reading, mention: Mention, is_class: bool) -> tuple[list[Flag], set[int]]:
    """Doubt a drug that the evidence does not name: a swapped one, or one from elsewhere in the note."""
    sources = case.sources
    written = [other for source in sources for other in drugs_and_classes(source)]
    if any(
        is_given(mention, other, is_class) for s in sources for other in drugs_and_classes(Reading(s.section))
    ):
        return [], set()
    classes = {other.name for s in sources for other in drugs_and_classes(s) if other not in s.drugs}
    if not is_class and classes & classes_of(mention.name) and _elsewhere(case, mention):
        return [], set()  # the evidence names its class, the note elsewhere the drug
    parts = {part for other in written for part in names_within(other.name)}
    if not is_class and "/" in mention.name and set(mention.name.split("/")) <= parts:
        return [], set()
    ours = drugs_and_classes(claim)
    rival = next(
        (
            (source, other)
            for source in sources
            for other in drugs_and_classes(source)
            if not any(
                is_given(own, other, own not in claim.drugs) or own.name in classes_of(other.name)
                for own in ours
            )
        ),
        None,
    )
    is_elsewhere = (
        bool(_elsewhere(case, mention))
        if not is_class
        else any(
            is_given(mention, other, True)
            for reading in case.around.sentences
            for other in drugs_and_classes(reading)
        )
    )
    severity = Severity.CRITICAL
    if is_class:
        # Without a drug beside it the evidence may name one by a name that no list has.
        severity = Severity.NOTE if rival is None else Severity.WARNING
        if case.category is Category.ALLERGY:
            return [], set()
    elif is_elsewhere and rival is None:
        severity = Severity.NOTE
    said = quoted(claim.written(mention))
    if rival is None:
        message = f"Drug: the claim names {said}; {cited(sources)} names no such drug."
    else:
        source, other = rival
        message = (
            f"Drug: the claim names {said}; sentence {source.number} names {quoted(source.written(other))}."
        )
    places = frozenset(range(mention.first, mention.past))
    starts = {dose.start for dose in doses(claim, mention)} if not is_class else set()
    return [Flag("drug", severity, message, places)], starts
