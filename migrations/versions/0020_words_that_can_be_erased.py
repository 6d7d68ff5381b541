"""Words of people and outside systems leave the log, which is for ever, for the part of it that can be erased.

And an export says why its file is gone before its time.
"""

# ruff: noqa: S608 - our own words

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What stood in these was typed by a person, or said by a bank, a carrier or a channel.
TAGS = """
    tag LIKE 'refund.%' AND tag NOT IN ('refund.checked', 'refund.tried_again')
    OR tag LIKE 'order.carrier.%' OR tag LIKE 'cancellation_request.%' OR tag LIKE 'saved_view.%'
    OR tag LIKE 'tracking_upload.%' OR tag IN ('order.address.refused', 'order.address.changed', 'order.status.changed',
        'order.move_many.asked', 'reconciliation_break.closed')
    OR tag LIKE 'cancellation_plan.%' AND tag <> 'cancellation_plan.opened'
"""

# What was tried stays for ever; what a bank answered in words may name somebody and can be blanked, nothing else.
ATTEMPTS = """
CREATE FUNCTION kontor_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.words = '' AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
GUARD = (
    "CREATE TRIGGER refund_attempt_append_only BEFORE UPDATE OR DELETE ON refund_attempt"
    " FOR EACH ROW EXECUTE FUNCTION {function}()"
)


def upgrade() -> None:
    op.execute(ATTEMPTS)
    op.execute("DROP TRIGGER refund_attempt_append_only ON refund_attempt")
    op.execute(GUARD.format(function="kontor_attempts"))
    op.add_column("audit_personal", sa.Column("words", sa.Text(), server_default="", nullable=False))
    op.add_column("order_export", sa.Column("removed_because", sa.String(16), nullable=True))
    op.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
    op.execute(
        "INSERT INTO audit_personal (entry_id, customer_id, changes, words)"
        f" SELECT id, NULL, '{{}}', summary FROM audit_entry WHERE summary <> '' AND NOT refused AND ({TAGS})"
        " ON CONFLICT (entry_id) DO UPDATE SET words = excluded.words"
    )
    op.execute(f"UPDATE audit_entry SET summary = '' WHERE summary <> '' AND NOT refused AND ({TAGS})")
    op.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")


def downgrade() -> None:
    op.execute("DROP TRIGGER refund_attempt_append_only ON refund_attempt")
    op.execute("DROP FUNCTION kontor_attempts")
    op.execute(GUARD.format(function="kontor_append_only"))
    op.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
    op.execute(
        "UPDATE audit_entry SET summary = concat_ws(': ', nullif(summary, ''), personal.words) FROM audit_personal personal"
        " WHERE personal.entry_id = audit_entry.id AND personal.words <> ''"
    )
    op.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")
    op.drop_column("order_export", "removed_because")
    op.drop_column("audit_personal", "words")
