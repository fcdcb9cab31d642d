"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("slo", sa.Text(), nullable=False),
        sa.Column("grp", sa.Text(), nullable=False),
    )
    op.create_index("series_by_name", "series", ["slo", "grp"], unique=True)
    op.create_table(
        "gains",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=True),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_gains_newest", "gains", ["newest"])
    op.create_table(
        "readings",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "lives",
        sa.Column("signature", sa.Text(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "alert_events",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_alert_events_at", "alert_events", ["at"])
    op.create_index("ix_alert_events_signature", "alert_events", ["signature"])
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("outbox_due", "outbox", ["channel", "state", "due"])
    op.create_index("outbox_order", "outbox", ["channel", "signature", "state", "at"])
    op.create_table(
        "mutes",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_mutes_ends", "mutes", ["ends"])


def downgrade() -> None:
    """Nobody goes back: a backup is restored instead."""
    raise NotImplementedError("restore a backup")
