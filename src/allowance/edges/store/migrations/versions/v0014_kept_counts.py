"""Up to where the file of running totals beside the store is known to be whole."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; it has one row, or none."""
    op.create_table(
        "kept_counts",
        sa.Column("file", sa.Text(), primary_key=True),
        sa.Column("tail", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Nobody goes back: a backup is restored instead."""
    raise NotImplementedError("restore a backup")
