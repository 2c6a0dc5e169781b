"""What the database itself refuses: changes to what is immutable, late writers, and edits of the audit."""

from django.db import migrations

# As in clinical.actions.audit when this migration was written; a test compares the two.
BODY_SQL = """jsonb_build_array({row}.seq, {row}.id,
    to_char({row}.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), {row}.type, {row}.action,
    {row}.outcome, {row}.actor_id, {row}.actor, {row}.actor_role, {row}.address, {row}.patient_id,
    {row}.object_type, {row}.object_id, {row}.detail)::text"""

IMMUTABLE = (
    "auditevent",
    "document",
    "withdrawal",
    "note",
    "modelversion",
    "summarysource",
    "claim",
    "evidence",
    "flag",
    "decision",
    "signature",
    "addendum",
)

REFUSE = """
CREATE FUNCTION clinical_refuse_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON clinical_{name}"
    " FOR EACH ROW EXECUTE FUNCTION clinical_refuse_change();\n"
    for name in IMMUTABLE
)

SUMMARIES = """
CREATE FUNCTION clinical_guard_summary() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.status <> 'streaming'
       OR (NEW.id, NEW.patient_id, NEW.job_id, NEW.attempt, NEW.model_version_id, NEW.started_at)
          IS DISTINCT FROM (OLD.id, OLD.patient_id, OLD.job_id, OLD.attempt, OLD.model_version_id, OLD.started_at)
    THEN
        RAISE EXCEPTION 'a summary is immutable once it has ended' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_summary BEFORE UPDATE OR DELETE ON clinical_summary
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_summary();

CREATE FUNCTION clinical_guard_claim() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM clinical_summary s JOIN clinical_job j ON j.id = s.job_id
        WHERE s.id = NEW.summary_id AND s.status = 'streaming' AND j.status = 'running' AND j.attempt = s.attempt
    ) THEN
        RAISE EXCEPTION 'a claim belongs to a streaming summary of the current attempt'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_claim BEFORE INSERT ON clinical_claim
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_claim();

CREATE FUNCTION clinical_guard_part() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM clinical_claim c JOIN clinical_summary s ON s.id = c.summary_id
        WHERE c.id = NEW.claim_id AND s.status = 'streaming'
    ) THEN
        RAISE EXCEPTION 'evidence and flags are stored with their claim' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_flag BEFORE INSERT ON clinical_flag
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_part();
CREATE TRIGGER guard_evidence BEFORE INSERT ON clinical_evidence
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_part();

CREATE FUNCTION clinical_guard_evidence_source() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM clinical_claim c JOIN clinical_summarysource s ON s.summary_id = c.summary_id
        WHERE c.id = NEW.claim_id AND s.note_id = NEW.note_id
    ) THEN
        RAISE EXCEPTION 'evidence stands in a source of its summary' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_evidence_source BEFORE INSERT ON clinical_evidence
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_evidence_source();

CREATE FUNCTION clinical_guard_review() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'clinical_decision' THEN
        IF EXISTS (SELECT FROM clinical_signature WHERE review_id = NEW.review_id) THEN
            RAISE EXCEPTION 'a signed review takes no decision' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NOT EXISTS (
        SELECT FROM clinical_review r JOIN clinical_summary s ON s.id = r.summary_id
        WHERE r.id = NEW.review_id AND s.status = 'ready'
    ) THEN
        RAISE EXCEPTION 'only a ready summary is signed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_decision BEFORE INSERT ON clinical_decision
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_review();
CREATE TRIGGER guard_signature BEFORE INSERT ON clinical_signature
    FOR EACH ROW EXECUTE FUNCTION clinical_guard_review();
"""

AUDIT = f"""
CREATE TABLE clinical_audithead (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), seq bigint NOT NULL, hash bytea NOT NULL
);
INSERT INTO clinical_audithead (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
CREATE FUNCTION clinical_chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head public.clinical_audithead;
BEGIN
    IF TG_RELID <> 'public.clinical_auditevent'::regclass THEN
        RAISE EXCEPTION 'this function chains the audit alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO head FROM public.clinical_audithead FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.recorded_at := clock_timestamp();
    NEW.previous_hash := head.hash;
    NEW.hash := sha256(head.hash || convert_to({BODY_SQL.format(row="NEW")}, 'UTF8'));
    UPDATE public.clinical_audithead SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER chain_audit BEFORE INSERT ON clinical_auditevent
    FOR EACH ROW EXECUTE FUNCTION clinical_chain_audit();
REVOKE EXECUTE ON FUNCTION clinical_chain_audit() FROM PUBLIC;
"""  # noqa: S608 - made of constants

UNDO = """
DROP TABLE clinical_audithead;
DROP FUNCTION clinical_refuse_change, clinical_guard_summary, clinical_guard_claim, clinical_guard_part,
    clinical_guard_evidence_source, clinical_guard_review, clinical_chain_audit CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("clinical", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE + SUMMARIES + AUDIT, UNDO)]
