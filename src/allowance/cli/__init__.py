"""The door for people and pipelines, one file per command."""
