"""Who of several processes does what only one should do at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("holder", sa.String(length=36), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_claims")),
    )
