"""Session numbers and form responses for the transcript surface; keys that rest."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "api_keys",
        sa.Column("is_paused", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "session_numbers",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_session_numbers")),
        sa.UniqueConstraint(
            "project_id", "session_id", name=op.f("uq_session_numbers_project_id_session_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "form_responses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("agent_id", sa.String(length=36), nullable=False),
        sa.Column("form_id", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_form_responses_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_form_responses_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_responses")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_form_responses_agent_id_id"), "form_responses", ["agent_id", "id"])
