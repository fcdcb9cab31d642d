"""The door for browsers and machines."""
