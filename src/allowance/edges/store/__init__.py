"""What must not be lost: counts, alert lives, notices that are due, mutes, and where each source was read to."""

from allowance.edges.store.store import Store, open_store

__all__ = ["Store", "open_store"]
