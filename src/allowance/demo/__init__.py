"""A shop that breaks on purpose."""
