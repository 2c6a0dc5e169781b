"""Kinds of summary: read by everybody, chosen by clinicians, set for a care team by operators."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinical.access import Refused
from clinical.actions import accounts, documents, jobs, patients, prompts, summaries
from clinical.models import (
    AuditEvent,
    AuditType,
    CareTeam,
    Job,
    Membership,
    ModelVersion,
    PromptVersion,
    Role,
    Summary,
    User,
)
from inference.prompts import load_prompt, prompt_names
from tests.drafts import answer, begin_draft, claim, end_draft, go_on, page_of
from tests.factories import (
    NOTE,
    make_account,
    make_clinician,
    make_document,
    make_note,
    make_patient,
    make_summary,
    make_team,
    run_jobs,
    team_of,
)

Play = Callable[..., None]
DEFAULT = "problem_oriented"


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(clinician: User) -> Client:
    return browser_of(clinician)


def read(browser: Client, name: str, *args: Any) -> str:
    response = browser.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def last_event(kind: AuditType) -> AuditEvent:
    return AuditEvent.objects.filter(type=kind).order_by("-seq")[0]


def set_kind(team: CareTeam, prompt: str) -> None:
    accounts.set_team_prompt(by=make_account(Role.OPERATOR), team_id=team.pk, prompt=prompt)


@pytest.mark.parametrize("role", Role.values)
def test_every_role_reads_every_word_of_every_prompt(db: None, role: str) -> None:
    browser = browser_of(make_account(role))
    listed = read(browser, "prompts")
    for name in prompt_names():
        prompt = load_prompt(name)
        assert prompt.title in listed
        assert prompt.purpose in listed
        page = html.unescape(read(browser, "prompt", prompt.digest))
        texts = [prompt.digest, prompt.system, prompt.user, *(section.title for section in prompt.sections)]
        texts += [text for example in prompt.examples for text in (example.note, example.answer)]
        assert [text for text in texts if text not in page] == []
        if prompt.most_claims:
            assert f"At most {prompt.most_claims} claims" in page


def test_a_visitor_reads_none(db: None) -> None:
    assert Client().get(reverse("prompts")).status_code == 302
    assert Client().get(reverse("prompt", args=[load_prompt(DEFAULT).digest])).status_code == 302


@pytest.mark.parametrize("digest", ["0" * 64, "nothing-here"])
def test_a_digest_that_no_prompt_has_is_not_found(browser: Client, digest: str) -> None:
    assert browser.get(reverse("prompt", args=[digest])).status_code == 404


def test_a_prompt_is_stored_once_and_from_its_first_use(clinician: User) -> None:
    assert not PromptVersion.objects.exists()
    make_summary(clinician)
    make_summary(clinician)
    row = PromptVersion.objects.get()
    prompt = load_prompt(DEFAULT)
    assert (row.digest, row.name, row.version) == (prompt.digest, DEFAULT, prompt.version)
    assert row.content == prompt.model_dump(mode="json")


def test_a_stored_prompt_can_neither_change_nor_go(clinician: User) -> None:
    make_summary(clinician)
    for act in (
        lambda: PromptVersion.objects.update(version=9),
        lambda: PromptVersion.objects.all().delete(),
    ):
        with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
            act()
    assert PromptVersion.objects.get().version == load_prompt(DEFAULT).version


def test_an_earlier_version_stays_readable_and_says_so(clinician: User, browser: Client) -> None:
    content = {**load_prompt(DEFAULT).model_dump(mode="json"), "version": 1, "system": "Older words."}
    PromptVersion.objects.create(digest="a" * 64, name=DEFAULT, version=1, content=content)
    listed = read(browser, "prompts")
    assert listed.index("Earlier versions") < listed.index("a" * 12)
    page = read(browser, "prompt", "a" * 64)
    assert "Older words." in page
    assert "An earlier version." in page
    assert "An earlier version." not in read(browser, "prompt", load_prompt(DEFAULT).digest)


def test_a_generated_summary_leads_to_what_the_model_was_asked(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(claim("Chest pain on exertion for three days", "reason", 3)))
    page = read(browser, "summary", make_summary(clinician).pk)
    assert "What was the model asked?" in page
    assert reverse("prompt", args=[load_prompt(DEFAULT).digest]) in page
    assert "What you see is what was stored." in page
    assert "batching on a GPU changes last bits of sums" in page


def test_an_extracted_summary_says_that_no_model_was_asked(clinician: User, browser: Client) -> None:
    page = read(browser, "summary", make_summary(clinician).pk)
    assert "No model was asked." in page
    assert "Fixed rules chose sentences" in page
    assert "batching" not in page


def test_a_summary_whose_prompt_was_not_kept_says_so_and_reads_by_category(
    clinician: User, browser: Client
) -> None:
    note = make_note(clinician)
    ModelVersion.objects.create(
        engine="vllm",
        model="old",
        prompt=DEFAULT,
        prompt_digest="b" * 64,
        is_generative=True,
        digest="c" * 64,
    )
    draft = begin_draft(note, clinician)
    go_on(draft, 1, "Type 2 diabetes", 11)
    end_draft(draft)
    page = read(browser, "summary", draft.pk)
    assert "b" * 12 in page
    assert "Its text was not kept then." in page
    assert [section.title for section, _ in page_of(clinician, draft).by_section] == ["Problem"]


def test_the_document_offers_each_kind_with_its_purpose_and_the_teams_chosen(
    clinician: User, browser: Client
) -> None:
    set_kind(team_of(clinician), "handover")
    page = read(browser, "document", make_note(clinician).document_id)
    for name in prompt_names():
        assert load_prompt(name).title in page
        assert load_prompt(name).purpose in page
    checked = re.search(r'value="(\w+)" required\s+aria-describedby="[\w-]+"\s+checked', page)
    assert checked is not None
    assert checked[1] == "handover"


def test_a_chosen_kind_is_drafted_and_audited(clinician: User, browser: Client) -> None:
    note = make_note(clinician)
    response = browser.post(reverse("summary_request", args=[note.pk]), {"prompt": "discharge"})
    assert response.status_code == 302
    run_jobs()
    newest = Summary.objects.filter(sources__note=note).latest("started_at")
    assert newest.model_version.prompt_digest == load_prompt("discharge").digest
    assert last_event(AuditType.SUMMARY_REQUESTED).detail["prompt"] == "discharge"
    assert load_prompt("discharge").title in read(browser, "summary", newest.pk)


def test_without_a_choice_a_new_draft_is_of_the_teams_kind(clinician: User) -> None:
    note = make_note(clinician)
    set_kind(team_of(clinician), "referral")
    assert summaries.request(by=clinician, note_id=note.pk).prompt == "referral"


def test_a_kind_that_is_not_there_is_refused_and_nothing_queued(clinician: User, browser: Client) -> None:
    note = make_note(clinician)
    response = browser.post(reverse("summary_request", args=[note.pk]), {"prompt": "poem"})
    assert response.status_code == 422
    assert "There is no such kind of summary" in response.content.decode()
    assert not Job.objects.live().exists()


def test_another_kind_can_be_asked_for_while_one_is_being_made(clinician: User, browser: Client) -> None:
    note = make_note(clinician)
    first = summaries.request(by=clinician, note_id=note.pk, prompt="discharge")
    with pytest.raises(Refused) as caught:
        summaries.request(by=clinician, note_id=note.pk, prompt="discharge")
    assert caught.value.refusal.status == 409
    page = read(browser, "document", note.document_id)
    assert reverse("summary_request", args=[note.pk]) in page
    second = summaries.request(by=clinician, note_id=note.pk, prompt="handover")
    assert {job.prompt for job in Job.objects.live()} == {"discharge", "handover"}
    for job in (first, second):
        jobs.run(job.pk)
    assert not Job.objects.live().exists()


def test_a_poll_leaves_the_choice_alone_and_brings_it_where_it_was_not(
    clinician: User, browser: Client
) -> None:
    note = make_note(clinician)
    summaries.request(by=clinician, note_id=note.pk, prompt="discharge")
    url = reverse("document_progress", args=[note.document_id])
    headers = {"HX-Request": "true"}
    there = browser.get(url, {"seen": "reading", "redraft": "1"}, headers=headers).content.decode()
    assert 'name="prompt"' not in there
    absent = browser.get(url, {"seen": "reading"}, headers=headers).content.decode()
    assert 'name="prompt"' in absent


def test_strangers_cannot_ask_for_a_draft(clinician: User) -> None:
    note = make_note(clinician)
    url = reverse("summary_request", args=[note.pk])
    assert browser_of(make_clinician()).post(url, {"prompt": "discharge"}).status_code == 404
    for role in (Role.OPERATOR, Role.AUDITOR):
        assert browser_of(make_account(role)).post(url, {"prompt": "discharge"}).status_code == 403
    assert Job.objects.filter(prompt="discharge").count() == 0


def test_the_kind_chosen_with_an_upload_is_its_first_drafts(clinician: User) -> None:
    set_kind(team_of(clinician), "referral")
    make_document(clinician, prompt="one_line")
    run_jobs()
    assert Summary.objects.get().model_version.prompt == "one_line"


def test_the_upload_form_has_the_teams_kind_chosen(clinician: User, browser: Client) -> None:
    set_kind(team_of(clinician), "handover")
    page = read(browser, "patient", make_patient(clinician).pk)
    assert re.search(r'<option value="handover" selected>', page)


def test_an_upload_of_a_kind_that_is_not_there_is_refused_whole(clinician: User) -> None:
    with pytest.raises(Refused) as caught:
        make_document(clinician, prompt="poem")
    assert caught.value.refusal.status == 422
    assert not Job.objects.exists()


def test_a_document_confirmed_later_gets_the_kind_it_was_uploaded_for(clinician: User) -> None:
    text = "Name: Otto Othername\nMRN: EP-111111\n\n" + NOTE
    document = make_document(clinician, text=text, prompt="handover")
    run_jobs()
    assert not Summary.objects.exists()
    documents.confirm_patient(by=clinician, document_id=document.pk, reason="His former name.")
    run_jobs()
    assert Summary.objects.get().model_version.prompt == "handover"


def test_of_several_teams_the_uploaders_first_by_name_gives_the_kind(clinician: User) -> None:
    patient = make_patient(clinician)
    for name, kind in (("A team of others", "one_line"), ("B second of mine", "discharge")):
        team = make_team(name)
        set_kind(team, kind)
        patients.share(by=clinician, patient_id=patient.pk, team_id=team.pk)
    set_kind(team_of(clinician), "handover")
    assert prompts.default_for(clinician, patient) == "handover"
    Membership.objects.create(user=clinician, team=CareTeam.objects.get(name="B second of mine"))
    assert prompts.default_for(clinician, patient) == "discharge"
    assert prompts.default_for(make_clinician(), patient) == "one_line"


def test_a_teams_kind_that_is_no_longer_there_gives_way(clinician: User) -> None:
    patient = make_patient(clinician)
    CareTeam.objects.update(prompt="withdrawn_kind")
    assert prompts.default_for(clinician, patient) == DEFAULT


def test_an_operator_sets_a_teams_kind_and_the_audit_says_which(clinician: User) -> None:
    team = team_of(clinician)
    browser = browser_of(make_account(Role.OPERATOR))
    url = reverse("team_prompt", args=[team.pk])
    page = browser.get(url).content.decode()
    assert all(load_prompt(name).purpose in page for name in prompt_names())
    assert browser.post(url, {"prompt": "discharge"}).status_code == 302
    team.refresh_from_db()
    assert team.prompt == "discharge"
    event = last_event(AuditType.TEAM_CHANGED)
    assert event.object_id == team.pk
    assert event.detail == {"prompt": "discharge", "instead_of": DEFAULT}
    assert load_prompt("discharge").title in read(browser, "teams")


@pytest.mark.parametrize("given", [{}, {"prompt": "poem"}])
def test_a_team_keeps_its_kind_when_none_or_an_unknown_one_is_given(
    clinician: User, given: dict[str, str]
) -> None:
    url = reverse("team_prompt", args=[team_of(clinician).pk])
    response = browser_of(make_account(Role.OPERATOR)).post(url, given or {"prompt": ""})
    assert response.status_code == 422
    assert team_of(clinician).prompt == DEFAULT
    assert not AuditEvent.objects.filter(type=AuditType.TEAM_CHANGED).exists()


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.AUDITOR])
def test_nobody_else_sets_a_teams_kind(clinician: User, role: str) -> None:
    url = reverse("team_prompt", args=[team_of(clinician).pk])
    assert browser_of(make_account(role)).post(url, {"prompt": "discharge"}).status_code == 403
    assert team_of(clinician).prompt == DEFAULT


def test_the_list_of_prompts_asks_the_database_equally_often_for_one_and_for_twenty(browser: Client) -> None:
    content = load_prompt(DEFAULT).model_dump(mode="json")

    def store(number: int) -> None:
        digest = f"{number:064x}"
        PromptVersion.objects.create(digest=digest, name=DEFAULT, version=number, content=content)

    store(1)
    with CaptureQueriesContext(connection) as one:
        read(browser, "prompts")
    for number in range(2, 21):
        store(number)
    with CaptureQueriesContext(connection) as twenty:
        read(browser, "prompts")
    assert len(one) == len(twenty)
