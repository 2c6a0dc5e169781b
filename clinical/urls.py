"""Every address of the site. UUIDs only: never an MRN or a name."""

from django.urls import include, path

from clinical.views import audit, documents, jobs, patients, people, reviews, site, summaries, worklist

urlpatterns = [
    path("", site.home, name="home"),
    path("healthz", site.health, name="health"),
    path("account/", include("allauth.account.urls")),
    path("worklist/", worklist.worklist, name="worklist"),
    path("patients/", patients.search, name="patients"),
    path("patients/new/", patients.new, name="patient_new"),
    path("patients/<uuid:pk>/", patients.patient, name="patient"),
    path("patients/<uuid:pk>/share/", patients.share, name="patient_share"),
    path("patients/<uuid:pk>/upload/", documents.upload, name="document_upload"),
    path("documents/<uuid:pk>/", documents.document, name="document"),
    path("documents/<uuid:pk>/progress/", documents.progress, name="document_progress"),
    path("documents/<uuid:pk>/confirm/", documents.confirm, name="document_confirm"),
    path("documents/<uuid:pk>/withdraw/", documents.withdraw, name="document_withdraw"),
    path("notes/<uuid:pk>/summarize/", summaries.request_summary, name="summary_request"),
    path("summaries/<uuid:pk>/", summaries.summary, name="summary"),
    path("summaries/<uuid:pk>/progress/", summaries.progress, name="summary_progress"),
    path("summaries/<uuid:pk>/text/", summaries.copy_text, name="summary_text"),
    path("summaries/<uuid:pk>/print/", summaries.print_page, name="summary_print"),
    path("summaries/<uuid:pk>/decide/", reviews.decide, name="review_decide"),
    path("summaries/<uuid:pk>/add/", reviews.add, name="review_add"),
    path("summaries/<uuid:pk>/undo/", reviews.undo, name="review_undo"),
    path("summaries/<uuid:pk>/sign/", reviews.sign, name="review_sign"),
    path("summaries/<uuid:pk>/addendum/", reviews.addendum, name="review_addendum"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="job_retry"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="job_cancel"),
    path("accounts/", people.accounts, name="accounts"),
    path("accounts/new/", people.new_account, name="account_new"),
    path("accounts/<uuid:pk>/disable/", people.disable, name="account_disable"),
    path("accounts/<uuid:pk>/enable/", people.enable, name="account_enable"),
    path("accounts/<uuid:pk>/reset/", people.reset_password, name="account_reset"),
    path("teams/", people.teams, name="teams"),
    path("teams/new/", people.new_team, name="team_new"),
    path("teams/<uuid:pk>/close/", people.close_team, name="team_close"),
    path("teams/<uuid:pk>/reopen/", people.reopen_team, name="team_reopen"),
    path("teams/<uuid:pk>/members/", people.start_membership, name="membership_start"),
    path("memberships/<uuid:pk>/signing/", people.set_may_sign, name="membership_signing"),
    path("memberships/<uuid:pk>/end/", people.end_membership, name="membership_end"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export/", audit.export, name="audit_export"),
    path("audit/verify/", audit.verify, name="audit_verify"),
]

handler404 = "clinical.views.site.not_found"
handler500 = "clinical.views.site.failed"
