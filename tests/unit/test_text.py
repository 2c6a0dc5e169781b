"""Sentences and sections of notes; every note here is invented."""

import json
import time

import pytest

from inference.text import MAX_SENTENCE, Note, from_layout, normalise, read_note, to_layout
from inference.vocabulary import SentenceKind


def texts(raw: str) -> list[str]:
    return [sentence.text for sentence in read_note(normalise(raw)).sentences]


def sections(raw: str) -> list[tuple[str, str]]:
    return [(sentence.section, sentence.text) for sentence in read_note(normalise(raw)).sentences]


def kinds(note: Note) -> list[SentenceKind]:
    return [sentence.kind for sentence in note.sentences]


def test_newlines_of_every_kind_become_one() -> None:
    assert normalise("a\r\nb\rc\x0cd\u2028e\x0bf\x85g") == "a\nb\nc\nd\ne\nf\ng"


def test_text_is_composed_and_unseen_characters_are_dropped() -> None:
    assert normalise("\ufeffwar\u00adfa\u200brin cafe\u0301 \u202eX\U000e0041") == "warfarin café X"


def test_control_characters_become_blanks_and_lone_surrogates_are_replaced() -> None:
    assert normalise("a\x00b\x1fc\td\ud800") == "a b c\td\ufffd"


def test_text_that_is_not_normalised_is_refused() -> None:
    with pytest.raises(ValueError):
        read_note("a\r\nb")


def test_a_blank_text_has_no_sentence() -> None:
    assert read_note(" \n\t\n").sentences == ()


@pytest.mark.parametrize(
    "raw",
    [
        "Seen by Dr. Patel at St. Mary's on 3 Nov. 2025.",
        "Take metoprolol 2.5 mg p.o. b.i.d. for approx. 5 days.",
        "S. aureus and E. coli were grown from the wound.",
        "Rib fracture no. 3 vs. a contusion, e.g. Smith's.",
        "Admitted at 10 p.m. with J. Smith of this ward.",
        "Possible ? PE on the scan.",
        "Tab. Metformin 500 mg twice daily.",
    ],
)
def test_abbreviations_doses_and_names_do_not_end_a_sentence(raw: str) -> None:
    assert texts(raw) == [raw]


def test_sentences_end_where_clinicians_end_them() -> None:
    assert texts(
        "Hepatitis C. He denies IVDU. BP 120/80. no murmurs. Fever? No. Took 75 mg b.i.d. Now stopped."
    ) == [
        "Hepatitis C.",
        "He denies IVDU.",
        "BP 120/80.",
        "no murmurs.",
        "Fever?",
        "No.",
        "Took 75 mg b.i.d.",
        "Now stopped.",
    ]


def test_a_missing_blank_after_a_full_stop_still_ends_a_sentence() -> None:
    assert texts("Denies fever.No cough today") == ["Denies fever.", "No cough today"]


def test_each_bullet_is_one_sentence_with_its_wrapped_lines() -> None:
    note = read_note(
        "- CXR in 6 weeks\n  at the surgery. Then review.\n• Bloods\n* U&E\n– LFT\n1. Aspirin\n2) Statin\n"
        "a. Rest\n[ ] ECG\n  - nested\n-No NSAIDs"
    )
    assert [sentence.text for sentence in note.sentences] == [
        "- CXR in 6 weeks\n  at the surgery. Then review.",
        "• Bloods",
        "* U&E",
        "– LFT",
        "1. Aspirin",
        "2) Statin",
        "a. Rest",
        "[ ] ECG",
        "- nested",
        "-No NSAIDs",
    ]
    assert set(kinds(note)) == {SentenceKind.BULLET}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("• one • two • three", ["• one", "• two", "• three"]),
        ("1. Aspirin 75 mg 2. Statin 40 mg", ["1. Aspirin 75 mg", "2. Statin 40 mg"]),
        ("P: 1) abx 2) fluids 3) home", ["P: 1) abx", "2) fluids", "3) home"]),
        ("Plan: 1. Aspirin daily. 2. Statin.", ["Plan: 1. Aspirin daily.", "2. Statin."]),
        ("- Ice the knee. - Mobic 15 mg.", ["- Ice the knee.", "- Mobic 15 mg."]),
        ("1. Paracetamol x 2. Review soon", ["1. Paracetamol x 2. Review soon"]),
    ],
)
def test_several_bullets_on_one_line_are_told_apart(raw: str, expected: list[str]) -> None:
    assert texts(raw) == expected


def test_a_bullet_mark_alone_belongs_to_the_line_below_it() -> None:
    assert texts("•\nAspirin\n•\nStatin") == ["•\nAspirin", "•\nStatin"]


@pytest.mark.parametrize(
    "raw",
    [
        "| Drug | Dose |\n|------|------|\n| Ramipril | 2.5 mg |\n| Aspirin | 75 mg |",
        "Drug\tDose\tTimes\nRamipril\t2.5 mg\tdaily\nAspirin\t75 mg\tdaily",
        "Drug        Dose\n--------    ------\nRamipril    2.5 mg\nAspirin     75 mg",
        "Drug | Dose | Route\nRamipril | 2.5 mg | p.o. daily\nAspirin | 75 mg | p.o. daily",
    ],
)
def test_each_table_row_is_one_sentence_that_knows_its_header(raw: str) -> None:
    note = read_note(raw)
    assert kinds(note) == [SentenceKind.HEADER, SentenceKind.ROW, SentenceKind.ROW]
    for row in note.sentences[1:]:
        assert row.header is not None
        assert "Drug" in raw[row.header.start : row.header.end]
        assert "---" not in raw[row.header.start : row.header.end]


def test_a_table_of_values_has_no_invented_header() -> None:
    note = read_note("Sodium | 138\nPotassium | 4.1")
    assert [(s.kind, s.header) for s in note.sentences] == [(SentenceKind.ROW, None)] * 2


def test_prose_with_two_blanks_after_a_full_stop_is_no_table() -> None:
    assert texts("He is well.  No pain today.\nShe slept.  No fever now.") == [
        "He is well.",
        "No pain today.",
        "She slept.",
        "No fever now.",
    ]


def test_prose_wrapped_in_mid_sentence_is_one_sentence() -> None:
    raw = (
        "This 64 year old lady was admitted with a three day history of cough, fever and\n"
        "breathlessness on exertion. She was reviewed on the ward round by the team of Dr.\n"
        "Patel and started on intravenous antibiotics, which she had for a total of three\n"
        "days."
    )
    assert [text.split()[0] for text in texts(raw)] == ["This", "She"]


def test_short_statements_on_lines_of_their_own_stay_apart() -> None:
    raw = "No speech disturbances\nNo limb weakness or numbness\nno fever\nOn aspirin\nChest clear"
    assert texts(raw) == raw.split("\n")


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("PLAN", "PLAN"),
        ("Plan:", "Plan"),
        ("Plan", "Plan"),
        ("plan:", "plan"),
        ("## Plan", "Plan"),
        ("**Plan**", "Plan"),
        ("**Plan:**", "Plan"),
        ("2. Plan", "Plan"),
        ("3) Assessment and plan:", "Assessment and plan"),
        ("Plan\n----", "Plan"),
        ("Travel and contacts\n===================", "Travel and contacts"),
        ("TRAVEL HISTORY", "TRAVEL HISTORY"),
        ("SAFEGUARDING", "SAFEGUARDING"),
        ("Safeguarding concerns:", "Safeguarding concerns"),
        ("### Weight clinic ###", "Weight clinic"),
        ("PMHx:", "PMHx"),
    ],
)
def test_headers_are_found_by_their_look(header: str, title: str) -> None:
    note = read_note(f"Some earlier words here.\n\n{header}\nHe will be seen again in two weeks.\n")
    assert [sentence.section for sentence in note.sentences] == ["", title, title]
    assert note.sentences[1].kind is SentenceKind.HEADER
    section = note.sections[0]
    assert note.text[section.label.start : section.label.end] == section.title == title
    assert (section.start, section.end) == (note.sentences[1].start, note.sentences[2].end)


@pytest.mark.parametrize(
    "line",
    [
        "NKDA",
        "NO KNOWN DRUG ALLERGIES",
        "Dear Dr Smith",
        "Yours sincerely",
        "BP 120/80",
        "Lumbar strain.",
        "Jane Doe",
    ],
)
def test_statements_that_look_like_headers_open_no_section(line: str) -> None:
    note = read_note(f"ALLERGIES\n\n{line}\n\nThe rest of the note follows in a sentence.")
    assert {sentence.section for sentence in note.sentences} == {"ALLERGIES"}
    assert kinds(note)[1] is SentenceKind.TEXT


def test_an_inline_header_stays_in_its_sentence_and_names_its_section() -> None:
    assert sections("PMH: nil\nDH: microgynon\nFH: mother - migraine\nImp: migraine") == [
        ("PMH", "PMH: nil"),
        ("DH", "DH: microgynon"),
        ("FH", "FH: mother - migraine"),
        ("Imp", "Imp: migraine"),
    ]


def test_a_paragraph_after_an_inline_header_returns_to_the_section_around_it() -> None:
    note = read_note("RESULTS\n\nLabs: normal.\n\nThe ECG is normal.")
    assert [s.section for s in note.sentences] == ["RESULTS", "Labs", "RESULTS"]
    assert [s.title for s in note.sections] == ["RESULTS", "Labs", "RESULTS"]


def test_body_systems_are_sub_headers_inside_their_section() -> None:
    note = read_note(
        "PHYSICAL EXAM\n\nCardiovascular\nNo murmurs, gallops.\n\nRespiratory:\n- Clear\nHEART: regular."
    )
    assert {sentence.section for sentence in note.sentences} == {"PHYSICAL EXAM"}


def test_a_list_of_hash_lines_is_a_problem_list() -> None:
    note = read_note("PROBLEMS\n# Hypertension\n# Type 2 diabetes\n#CKD stage 3")
    assert kinds(note)[1:] == [SentenceKind.BULLET] * 3


def test_a_sentence_over_the_limit_splits_at_white_space() -> None:
    note = read_note("word " * 1000)
    assert all(len(s.text) <= MAX_SENTENCE and s.text.startswith("word") for s in note.sentences)
    assert all(s.text.endswith("word") for s in note.sentences)


def test_a_word_over_the_limit_is_cut_hard() -> None:
    assert [len(text) for text in texts("7" * 4100)] == [2000, 2000, 100]


def test_the_layout_holds_no_text_and_rebuilds_the_note() -> None:
    note = read_note(
        "PLAN\n| Drug | Dose |\n|---|---|\n| Aspirin | 75 mg |\n\nLabs: normal.\n\nSee in 2 weeks."
    )
    layout = to_layout(note)
    assert not any(character.isalpha() for character in json.dumps(layout))
    assert from_layout(note.text, json.loads(json.dumps(layout))) == note


def test_a_layout_that_does_not_fit_is_refused() -> None:
    layout = to_layout(read_note("One sentence. Another one."))
    with pytest.raises(ValueError):
        from_layout("One.", layout)
    with pytest.raises(ValueError):
        from_layout("One sentence. Another one.", [[99], [], []])


@pytest.mark.parametrize(
    "unit",
    [
        "0",
        "no ",
        "\n",
        ". ",
        ".",
        "- ",
        "-",
        "| ",
        "a\n",
        "1. A ",
        "a\tb\n",
        "A: ",
        "a\u0301\u0316",
        "\u0316",
        "• ",
        "e.g. ",
        "*",
        " ",
        "?!",
    ],
)
def test_time_is_linear_in_the_length(unit: str) -> None:
    # A quadratic pass over 200,000 characters takes minutes, a linear one two seconds if the machine is busy.
    begun = time.perf_counter()
    read_note(normalise(unit * (200_000 // len(unit))))
    assert time.perf_counter() - begun < 15


def test_ward_shorthand_sets_labels_apart_by_blanks() -> None:
    raw = "PMHx  asthma - severe. No HTN.\nDHx   salbutamol prn, montelukast\n"
    raw += "FH nil of note\nAll   aspirin causes wheeze"
    assert sections(raw) == [
        ("PMHx", "PMHx  asthma - severe."),
        ("PMHx", "No HTN."),
        ("DHx", "DHx   salbutamol prn, montelukast"),
        ("FH", "FH nil of note"),
        ("All", "All   aspirin causes wheeze"),
    ]


def test_a_label_in_the_middle_of_a_line_opens_its_section() -> None:
    assert sections("FH: father cirrhosis. SH: married, ex-smoker.") == [
        ("FH", "FH: father cirrhosis."),
        ("SH", "SH: married, ex-smoker."),
    ]


def test_an_alert_between_stars_is_a_label_and_keeps_its_stars() -> None:
    assert sections("*** ALLERGIES: PENICILLIN - anaphylaxis. Shellfish fine. ***") == [
        ("ALLERGIES", "*** ALLERGIES: PENICILLIN - anaphylaxis."),
        ("ALLERGIES", "Shellfish fine. ***"),
    ]


@pytest.mark.parametrize("mark", ["> ", ". ", "+ ", "-> "])
def test_a_rare_mark_makes_a_bullet_beside_another(mark: str) -> None:
    note = read_note(f"{mark}Rest. Then review.\n{mark}Fluids")
    assert kinds(note) == [SentenceKind.BULLET] * 2


def test_lines_that_count_on_are_items() -> None:
    assert kinds(read_note("1 Giant cell arteritis\n2 Hypertension\n3 Asthma")) == [SentenceKind.BULLET] * 3


def test_ticked_items_on_one_line_are_told_apart() -> None:
    assert texts("✓ O2   ✓ cultures   ✓ fluids") == ["✓ O2", "✓ cultures", "✓ fluids"]


def test_days_and_times_head_a_table_of_results() -> None:
    note = read_note("Bloods    12/05    13/05 08:00\nNa        131 L    132 L\nK         5.2      4.9")
    assert [s.kind for s in note.sentences] == [SentenceKind.HEADER, SentenceKind.ROW, SentenceKind.ROW]


def test_the_entries_of_a_log_stay_apart() -> None:
    raw = "08:20 verapamil 5 mg IV over 2 min, BP 112/68 after\n08:30 salbutamol via spacer and potassium"
    assert texts(raw) == raw.split("\n")


def test_capitals_and_units_are_no_titles() -> None:
    assert texts(
        "Mod MR. Bi-atrial dilatation. Glargine 18 U. Rested. A 58 y.o. F today. Pain 3. 0350 heparin."
    ) == [
        "Mod MR.",
        "Bi-atrial dilatation.",
        "Glargine 18 U.",
        "Rested.",
        "A 58 y.o. F today.",
        "Pain 3.",
        "0350 heparin.",
    ]


def test_what_is_stopped_stands_under_its_own_header() -> None:
    raw = "MEDICATION RECONCILIATION\nCONTINUE\nApixaban 2.5 mg\nSTOP\nMetoprolol 50 mg\nHOLD\nLisinopril"
    assert [section for section, _ in sections(raw)] == [
        "MEDICATION RECONCILIATION",
        *["CONTINUE"] * 2,
        *["STOP"] * 2,
        *["HOLD"] * 2,
    ]


@pytest.mark.parametrize("line", ["Stop aspirin", "Continue apixaban", "New LBBB", "Hold tonight's dose"])
def test_an_order_is_no_header(line: str) -> None:
    assert sections(f"PLAN\n{line}\nReview tomorrow.")[1] == ("PLAN", line)


def test_each_line_of_a_list_of_drugs_is_a_sentence() -> None:
    lines = [
        "aspirin 81 daily [cont]",
        "amlodipine 5 daily [STOP, swelling of both ankles]",
        "losartan 50 BID [HOLD; resume when SBP > 130 on two checks]",
        "metformin 500 BID [HOLD until eating well]",
        "omeprazole 40 daily [new]",
    ]
    note = read_note("Meds:\n" + "\n".join(f" {line}" for line in lines) + "\n")
    assert [sentence.text for sentence in note.sentences[1:]] == lines
