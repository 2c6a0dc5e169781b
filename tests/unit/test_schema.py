"""The schema binds an engine to the note's own sentences; the reader trusts no engine."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.base import Allergy, DraftClaim, EngineError, Medication
from inference.parts import Part, whole
from inference.schema import MAX_CLAIM_JSON, claims_schema, parse_claims
from inference.text import Note, read_note
from inference.vocabulary import Assertion, Category, DrugStatus

NOTE = read_note("Chest pain since Monday.\nNo fever.\nAspirin 75 mg od.")


def row(**changes: Any) -> dict[str, Any]:
    return {
        "text": "Aspirin 75 mg od",
        "category": "plan",
        "assertion": "present",
        "evidence": [3],
    } | changes


def answer(*rows: dict[str, Any]) -> str:
    return json.dumps({"claims": list(rows)})


def parsed(text: str, note: Note = NOTE) -> list[DraftClaim]:
    return list(parse_claims([text], whole(note)))


def refusal(text: str) -> EngineError:
    with pytest.raises(EngineError) as caught:
        parsed(text)
    assert caught.value.code == "bad_output"
    return caught.value


def shapes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return list(schema["properties"]["claims"]["items"]["anyOf"])


def test_the_schema_allows_only_the_sentence_numbers_of_the_note() -> None:
    for shape in shapes(claims_schema(whole(NOTE))):
        assert shape["properties"]["evidence"]["items"] == {"type": "integer", "enum": [1, 2, 3]}


def test_the_schema_of_a_part_allows_what_the_part_shows() -> None:
    for shape in shapes(claims_schema(Part(NOTE, numbers=(3,), context=(1,), position=2, of=2))):
        assert shape["properties"]["evidence"]["items"]["enum"] == [1, 3]


def test_the_schema_lists_the_vocabulary_and_forbids_everything_else() -> None:
    schema = claims_schema(whole(NOTE))
    plain, medication, allergy = shapes(schema)
    assert sorted([*plain["properties"]["category"]["enum"], "medication", "allergy"]) == sorted(Category)
    assert plain["properties"]["assertion"]["enum"] == [assertion.value for assertion in Assertion]
    assert plain["required"] == list(plain["properties"]) == ["text", "category", "assertion", "evidence"]
    assert medication["properties"]["medication"]["required"] == [
        "name",
        "dose",
        "route",
        "frequency",
        "status",
    ]
    assert medication["properties"]["medication"]["properties"]["status"]["enum"] == list(DrugStatus)
    assert allergy["required"] == ["text", "category", "assertion", "allergy", "evidence"]
    for part in (schema, plain, medication, allergy, medication["properties"]["medication"]):
        assert part["additionalProperties"] is False


def test_a_prompt_that_asks_for_one_category_gets_no_other() -> None:
    schema = claims_schema(whole(NOTE), [Category.REASON])
    assert schema["properties"]["claims"]["items"]["properties"]["category"]["enum"] == ["reason"]
    with pytest.raises(EngineError) as caught:
        list(parse_claims([answer(row())], whole(NOTE), [Category.REASON]))
    assert caught.value.detail == "unwanted_category"


def test_a_medication_and_an_allergy_come_taken_apart() -> None:
    parts = {"name": "Aspirin", "dose": "75 mg", "route": "", "frequency": "od", "status": "continued"}
    drug, allergy = parsed(
        answer(
            row(category="medication", medication=parts),
            row(category="allergy", allergy={"substance": "nuts", "reaction": ""}),
        )
    )
    assert drug.medication == Medication("Aspirin", "75 mg", "", "od", DrugStatus.CONTINUED)
    assert allergy.allergy == Allergy("nuts", "")


def test_the_schema_avoids_what_structured_decoders_refuse() -> None:
    written = json.dumps(claims_schema(whole(NOTE)))
    for keyword in ("$ref", "$defs", "maxLength", "minLength", "pattern", "uniqueItems"):
        assert keyword not in written


def test_a_note_without_sentences_has_no_schema() -> None:
    with pytest.raises(ValueError, match="without sentences"):
        claims_schema(whole(read_note("")))


def test_a_claim_comes_out_as_soon_as_its_object_closes() -> None:
    text = answer(row(), row(text="No fever", evidence=[2]))
    first = text.index("}") + 1
    taken: list[str] = []

    def pieces() -> Any:
        for piece in (text[:first], text[first:]):
            taken.append(piece)
            yield piece

    claims = parse_claims(pieces(), whole(NOTE))
    assert next(claims).text == "Aspirin 75 mg od"
    assert len(taken) == 1
    assert [claim.text for claim in claims] == ["No fever"]


@given(st.data())
def test_any_way_of_cutting_an_answer_gives_the_same_claims(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.text(alphabet='ab{}[]"\\,:é😀 ', min_size=1).filter(str.strip), min_size=1))
    text = json.dumps({"claims": [row(text=text) for text in texts]}, ensure_ascii=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert [claim.text for claim in parse_claims(pieces, whole(NOTE))] == texts


def test_an_empty_list_is_an_answer_without_claims() -> None:
    assert parsed('{"claims": []}') == []


def test_a_sentence_cited_twice_counts_once() -> None:
    assert parsed(answer(row(evidence=[3, 1, 3])))[0].evidence == (3, 1)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "unfinished"),
        ('{"claims": [', "unfinished"),
        ('{"claims": []', "unfinished"),
        (answer(row())[:-30], "unfinished"),
        ("[]", "not_an_answer"),
        ("Here is the summary: {}", "not_an_answer"),
        ('{"claim": []}', "not_an_answer"),
        ('{"claims": [1]}', "not_an_answer"),
        ('{"claims": [null]}', "not_an_answer"),
        (answer(row())[:-2] + ", ]}", "not_an_answer"),
        (answer(row()) + " done", "trailing_text"),
        (answer(row()) * 2, "trailing_text"),
        ('{"claims": [], "note": 1}', "not_an_answer"),
        (answer(row(extra=1)), "extra_forbidden"),
        (answer(row(category="diagnosis")), "enum"),
        (answer(row(category="medication")), "missing"),
        (answer(row(category="allergy", allergy={"substance": "x"})), "missing"),
        (
            answer(row(category="allergy", allergy={"substance": "a\x00b", "reaction": ""})),
            "control_character",
        ),
        (answer(row(allergy={"substance": "nuts", "reaction": ""})), "extra_forbidden"),
        (answer(row(assertion="Present")), "enum"),
        (answer(row(evidence=[])), "too_short"),
        (answer(row(evidence=[4])), "unknown_sentence"),
        (answer(row(evidence=[0])), "unknown_sentence"),
        (answer(row(evidence=["1"])), "int_type"),
        (answer(row(evidence=[1.0])), "int_type"),
        (answer(row(evidence=[True])), "int_type"),
        (answer(row(evidence=[1] * 9)), "too_long"),
        (answer(row(text="  \t")), "blank_text"),
        (answer(row(text="a\x00b")), "control_character"),
        (answer(row(text=7)), "string_type"),
        (answer(row()).replace('"text": ', '"text": "x", "text": '), "not_json"),
        (answer(row()).replace('"plan"', "plan"), "not_json"),
        ('{"claims": [{"text": "\\ud800"}]}', "json_invalid"),
        (answer(row(text="x" * MAX_CLAIM_JSON)), "claim_too_long"),
        ('{"claims": [' + " " * 2000, "white_space"),
        (answer(*[row()] * 501), "too_many_claims"),
        ('{"claims": [' + "{" * 5000, "unfinished"),
        ('{"claims": [' + '{"a":' * 1500 + "1" + "}" * 1500 + "]}", "extra_forbidden"),
    ],
)
def test_anything_but_the_agreed_form_is_refused(text: str, detail: str) -> None:
    if detail == "extra_forbidden" and text.startswith('{"claims": [{"a":'):
        assert refusal(text).detail in {"extra_forbidden", "missing", "not_json", "claim_too_long"}
    else:
        assert refusal(text).detail == detail


def test_claims_before_a_breach_were_yielded_and_the_breach_is_still_an_error() -> None:
    claims = parse_claims([answer(row(), row(evidence=[99]))], whole(NOTE))
    assert next(claims).evidence == (3,)
    with pytest.raises(EngineError):
        next(claims)


def test_a_refusal_carries_nothing_of_the_answer() -> None:
    for changes in ({"evidence": [99]}, {"category": "SENTINEL"}, {"SENTINEL": 1}, {"text": "SENTINEL\x00"}):
        error = refusal(answer(row(text="SENTINEL") | changes))
        seen: BaseException | None = error
        while seen is not None:
            assert "SENTINEL" not in f"{seen!s}{seen!r}{seen.args!r}"
            seen = seen.__cause__ or seen.__context__


def test_a_kind_of_few_claims_is_bound_to_their_number() -> None:
    assert claims_schema(whole(NOTE), most_claims=2)["properties"]["claims"]["maxItems"] == 2
    assert "maxItems" not in claims_schema(whole(NOTE))["properties"]["claims"]
