"""Encrypted columns: nothing readable at rest, nothing opens in another place, keys re-wrap."""

import os

import pytest
from django.db import connection

from clinical import sealed
from clinical.models import DataKey, Document, Patient
from clinical.models.patients import fold_mrn
from tests.factories import make_clinician, make_document, make_patient

SENTINEL = "Zebrafinch-Quokka"


def test_a_sealed_value_is_not_readable_in_the_table(db: None) -> None:
    patient = make_patient(make_clinician(), family_name=SENTINEL)

    with connection.cursor() as cursor:
        cursor.execute("SELECT clinical_patient::text FROM clinical_patient WHERE id = %s", [patient.pk])
        (row,) = cursor.fetchone()
        cursor.execute("SELECT family_name_sealed FROM clinical_patient WHERE id = %s", [patient.pk])
        (column,) = cursor.fetchone()

    assert SENTINEL not in row
    assert SENTINEL.encode() not in bytes(column)
    assert Patient.objects.get(pk=patient.pk).family_name == SENTINEL


def test_a_sealed_value_copied_to_another_row_does_not_open(db: None) -> None:
    clinician = make_clinician()
    one, other = make_patient(clinician), make_patient(clinician)
    Patient.objects.filter(pk=other.pk).update(family_name_sealed=one.family_name_sealed)

    with pytest.raises(sealed.SealBroken):
        _ = Patient.objects.get(pk=other.pk).family_name


def test_a_sealed_value_copied_to_another_column_does_not_open(db: None) -> None:
    patient = make_patient(make_clinician())
    Patient.objects.filter(pk=patient.pk).update(given_name_sealed=patient.family_name_sealed)

    with pytest.raises(sealed.SealBroken):
        _ = Patient.objects.get(pk=patient.pk).given_name


def test_a_new_data_key_leaves_old_rows_readable(db: None) -> None:
    old = make_patient(make_clinician(), family_name="Before")
    DataKey.make(DataKey.Purpose.SEAL)
    sealed.forget_keys()
    new = make_patient(make_clinician(), family_name="After")

    assert old.key_id != new.key_id
    assert Patient.objects.get(pk=old.pk).family_name == "Before"
    assert Patient.objects.get(pk=new.pk).family_name == "After"
    sealed.forget_keys()


def test_a_data_key_rewraps_under_a_new_master_key_without_touching_content() -> None:
    key, key_id = os.urandom(32), sealed_key_id()
    old_master, new_master = os.urandom(32), os.urandom(32)
    wrapped = sealed.wrap_key(key, key_id, old_master)

    rewrapped = sealed.wrap_key(sealed.unwrap_key(wrapped, key_id, old_master), key_id, new_master)

    assert sealed.unwrap_key(rewrapped, key_id, new_master) == key
    with pytest.raises(sealed.SealBroken):
        sealed.unwrap_key(rewrapped, key_id, old_master)


def sealed_key_id():  # type: ignore[no-untyped-def]
    """A new id for a key that no row uses."""
    return DataKey().pk


def test_search_finds_a_patient_by_mrn_and_by_each_word_of_the_name(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, mrn="AB-12 34", given_name="Renée", family_name="O'Malley Stone")
    make_patient(clinician)

    for query in ("ab1234", "AB-1234", "renee", "stone", "Stone Renée", "o'malley"):
        found = list(Patient.objects.visible_to(clinician).matching(query))
        assert found == [patient], query
    assert not Patient.objects.visible_to(clinician).matching("Renée Other").exists()
    assert fold_mrn(" ab-12 34 ") == "AB1234"


def test_bytes_come_back_exactly(db: None) -> None:
    document = make_document(make_clinician(), text="Körper\r\ntemperature 38.1 °C today.\r\n")

    assert Document.objects.get(pk=document.pk).content == "Körper\r\ntemperature 38.1 °C today.\r\n".encode()
