"""Notes that must be read, mentions, tags, assignments and saved views; what erasing a customer leaves behind."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _notes()
    _tags()
    _assignments()
    _views()
    op.add_column("remote_record", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))


def _notes() -> None:
    op.add_column("order_note", sa.Column("must_read", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("order_note", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_order_note_must_read", "order_note", ["order_id"], postgresql_where=sa.text("must_read")
    )
    op.create_table(
        "note_reader",
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("is_mentioned", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["note_id"], ["order_note.id"], name=op.f("fk_note_reader_note_id")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_note_reader_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("note_id", "staff_id", name=op.f("pk_note_reader")),
    )
    op.create_index(
        "ix_note_reader_staff",
        "note_reader",
        ["staff_id", sa.text("note_id DESC")],
        postgresql_where=sa.text("is_mentioned"),
    )
    op.create_index(
        "ix_note_reader_unread",
        "note_reader",
        ["staff_id"],
        postgresql_where=sa.text("is_mentioned AND read_at IS NULL"),
    )


def _tags() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("colour", sa.String(8), server_default="grey", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "colour IN ('grey', 'blue', 'indigo', 'green', 'amber', 'red')", name=op.f("ck_tag_colour_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
    )
    op.create_index("uq_tag_name", "tag", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "order_tag",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_tag_order_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_order_tag_tag_id")),
        sa.PrimaryKeyConstraint("order_id", "tag_id", name=op.f("pk_order_tag")),
    )
    op.create_index("ix_order_tag_tag", "order_tag", ["tag_id", sa.text("order_id DESC")])


def _assignments() -> None:
    op.create_table(
        "order_assignment",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("assigned_by_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_assignment_order_id")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_order_assignment_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_assignment")),
    )
    op.create_index("ix_order_assignment_staff", "order_assignment", ["staff_id", "due_on"])
    op.create_index(
        "ix_order_assignment_due",
        "order_assignment",
        ["due_on"],
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )


def _views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["staff_user.id"], name=op.f("fk_saved_view_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("uq_saved_view_own_name", "saved_view", ["owner_id", sa.text("lower(name)")], unique=True)
    op.create_index("ix_saved_view_shared", "saved_view", ["position"], postgresql_where=sa.text("is_shared"))


def downgrade() -> None:
    op.drop_column("remote_record", "erased_at")
    for table in ("saved_view", "order_assignment", "order_tag", "tag", "note_reader"):
        op.drop_table(table)
    op.drop_index("ix_order_note_must_read", table_name="order_note")
    op.drop_column("order_note", "erased_at")
    op.drop_column("order_note", "must_read")
