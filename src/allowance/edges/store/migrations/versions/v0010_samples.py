"""What telemetry showed: errors by signature with samples, sketches of latencies, and who sent what."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables."""
    op.create_table(
        "error_signatures",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("service", sa.Text(), nullable=False, index=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False, index=True),
    )
    op.create_table(
        "error_counts",
        sa.Column("signature", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True, index=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "error_samples",
        sa.Column("signature", sa.Text(), primary_key=True),
        sa.Column("span", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False, index=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "latency_sketches",
        sa.Column("service", sa.Text(), primary_key=True),
        sa.Column("route", sa.Text(), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True, index=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "telemetry_seen",
        sa.Column("service", sa.Text(), primary_key=True),
        sa.Column("what", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False, index=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Nobody goes back: a backup is restored instead."""
    raise NotImplementedError("restore a backup")
