"""How are people told? One file per receiver, all of one shape, and one table of them."""

from allowance.edges.channels.table import CHANNELS

__all__ = ["CHANNELS"]
