"""Whether a project keeps recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "projects",
        sa.Column("keeps_recordings", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
