"""How much of what was asked for a record shows. Pure."""

from __future__ import annotations

from enum import IntEnum


class Likeness(IntEnum):
    """How much of what was asked for a record shows."""

    OTHER = 0
    """It is something else."""
    DOUBTFUL = 1
    """It may be what was asked for, cut or added to, or something else."""
    ALTERED = 2
    """What identifies it is the same; what rules and agents change differs."""
    SAME = 3
    """Everything that was asked for is there."""
