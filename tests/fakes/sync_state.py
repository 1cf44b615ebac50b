"""How a function dies in the middle of a sync."""


class Crash(Exception):
    """The function died here."""
