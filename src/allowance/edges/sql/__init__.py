"""How do we ask an SQL engine for counts? One file per engine, one line each in the table in `engines`."""

from allowance.edges.sql.counting import measure

__all__ = ["measure"]
