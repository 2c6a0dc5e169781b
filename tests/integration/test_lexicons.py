"""Word lists: shown whole, not clinically reviewed until a named clinician approves that very version."""

from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from clinical.access import Refused
from clinical.actions import lexicons
from clinical.checks import word_lists_are_in_order
from clinical.models import AuditEvent, LexiconApproval, Role, User
from tests.factories import make_account, make_clinician, make_summary


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def digest_of(name: str) -> str:
    return next(lexicon.digest for lexicon in lexicons.in_use() if lexicon.name == name)


@pytest.mark.parametrize("role", Role.values)
def test_everybody_with_an_account_reads_the_lists_and_every_word_of_each(db: None, role: str) -> None:
    browser = browser_of(make_clinician() if role == Role.CLINICIAN else make_account(role))

    listed = page(browser, reverse("lexicons"))
    for lexicon in lexicons.in_use():
        assert reverse("lexicon", args=[lexicon.digest]) in listed
    assert listed.count("Not clinically reviewed") == len(lexicons.in_use())
    assert "metoprolol" in page(browser, reverse("lexicon", args=[digest_of("drugs")]))


def test_a_clinician_who_may_sign_approves_that_very_version_by_name(clinician: User) -> None:
    digest = digest_of("drugs")
    browser = browser_of(clinician)
    assert "Approve this version" in page(browser, reverse("lexicon", args=[digest]))

    answered = browser.post(reverse("lexicon_approve", args=[digest]), follow=True)

    assert "Approved by Dr Ada Invented" in answered.content.decode()
    assert "Approve this version" not in answered.content.decode()
    event = AuditEvent.objects.filter(type="lexicon_approved").get()
    assert event.detail == {"lexicon": "drugs", "digest": digest}
    assert (event.actor, event.outcome) == (clinician.username, "success")
    assert lexicons.unapproved_count() == len(lexicons.in_use()) - 1


def test_an_approval_of_another_version_is_none_of_this_one(clinician: User) -> None:
    LexiconApproval.objects.create(name="drugs", digest="0" * 64, by=clinician)
    LexiconApproval.objects.create(name="routes", digest=digest_of("drugs"), by=clinician)

    assert lexicons.unapproved_count() == len(lexicons.in_use())
    assert not lexicons.look(digest_of("drugs")).approved_by


def test_a_trainee_and_an_operator_cannot_approve(clinician: User) -> None:
    trainee = make_clinician(may_sign=False)
    with pytest.raises(Refused, match="may_not_sign"):
        lexicons.approve(by=trainee, digest=digest_of("drugs"))
    assert "Approve this version" not in page(
        browser_of(trainee), reverse("lexicon", args=[digest_of("drugs")])
    )
    operator = browser_of(make_account(Role.OPERATOR))
    assert operator.post(reverse("lexicon_approve", args=[digest_of("drugs")])).status_code == 403
    assert not LexiconApproval.objects.exists()
    assert AuditEvent.objects.filter(outcome="denied").count() == 2


def test_a_version_is_approved_once_and_the_approval_never_changes(clinician: User) -> None:
    lexicons.approve(by=clinician, digest=digest_of("drugs"))

    with pytest.raises(Refused, match="is_approved"):
        lexicons.approve(by=make_clinician(), digest=digest_of("drugs"))
    for statement in (
        "UPDATE clinical_lexiconapproval SET digest = ''",
        "DELETE FROM clinical_lexiconapproval",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_whoever_approved_a_version_withdraws_it_and_another_may_approve_it_then(clinician: User) -> None:
    digest = digest_of("drugs")
    lexicons.approve(by=clinician, digest=digest)
    browser, colleague = browser_of(clinician), make_clinician(full_name="Dr Bo Invented")
    assert "Withdraw my approval" in page(browser, reverse("lexicon", args=[digest]))
    assert "Withdraw my approval" not in page(browser_of(colleague), reverse("lexicon", args=[digest]))

    answered = browser.post(reverse("lexicon_withdraw", args=[digest]), follow=True).content.decode()

    assert "You answer no longer for" in answered
    assert "Approve this version" in answered
    assert lexicons.unapproved_count() == len(lexicons.in_use())
    event = AuditEvent.objects.filter(type="lexicon_withdrawn").get()
    assert event.detail == {"lexicon": "drugs", "digest": digest}
    assert lexicons.approve(by=colleague, digest=digest).approved_by == "Dr Bo Invented"
    assert LexiconApproval.objects.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM clinical_lexiconwithdrawal")


def test_nobody_withdraws_what_a_colleague_approved_or_nobody_did(clinician: User) -> None:
    digest = digest_of("drugs")
    with pytest.raises(Refused, match="not_approved"):
        lexicons.withdraw(by=clinician, digest=digest)
    lexicons.approve(by=make_clinician(), digest=digest)
    with pytest.raises(Refused, match="not_yours"):
        lexicons.withdraw(by=clinician, digest=digest)

    assert lexicons.look(digest).approved_by
    assert AuditEvent.objects.filter(type="lexicon_withdrawn", outcome="denied").count() == 2


def test_the_review_page_says_that_the_lists_are_not_reviewed_until_all_are(clinician: User) -> None:
    browser = browser_of(clinician)
    address = reverse("summary", args=[make_summary(clinician).pk])
    words = "The word lists are not clinically reviewed"
    assert words in page(browser, address)

    for lexicon in lexicons.in_use():
        assert words in page(browser, address)
        lexicons.approve(by=clinician, digest=lexicon.digest)

    assert words not in page(browser, address)
    assert "have approved the word lists in use" in page(browser, address)


def test_what_a_site_adds_to_a_list_is_another_version_and_is_shown(
    clinician: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest_of("routes")
    (tmp_path / "routes.toml").write_text('[routes]\noral = ["by the mouth"]\n')
    monkeypatch.setenv("EPITOME_LEXICONS", str(tmp_path))
    lexicons.in_use.cache_clear()
    try:
        assert digest_of("routes") != before
        assert "by the mouth" in lexicons.look(digest_of("routes")).text
    finally:
        lexicons.in_use.cache_clear()


def test_a_list_of_the_site_that_is_no_toml_is_refused_when_the_site_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "routes.toml").write_text("oral = [")
    monkeypatch.setenv("EPITOME_LEXICONS", str(tmp_path))

    (error,) = word_lists_are_in_order(None)

    assert error.id == "clinical.E003"
    assert "routes.toml: no TOML" in error.msg
