"""Which dead letters come back by themselves, and when.

Pure. What failed because somebody was busy or away for longer than a message is tried comes back
after a cool-down that grows, and after the fourth time waits for a person: whatever fails for days
is not passing any more. What was refused would be refused again, but for a refused key, which
somebody may have put right meanwhile.
"""

from __future__ import annotations

COOL_DOWN_S = (3_600, 14_400, 43_200, 86_400)
"""An hour, four, twelve, a day: seconds from the parking to the return, by earlier returns."""
FIRST_LOOK_S, LONGEST_LOOK_S = 300, 3_600
"""How soon and how seldom it is looked whether an instance's key is taken again."""
_SPREAD = 0.1


def waits_for_key(code: str) -> bool:
    """True for a letter whose instance's key was refused."""
    return code in ("unauthorized", "exhausted_unauthorized")


def asks_circuit(code: str) -> bool:
    """True for a letter that is of no use to its instance before the circuit has closed."""
    return waits_for_key(code) or code == "exhausted_circuit_open"


def is_passing(code: str) -> bool:
    """True for a cause that goes away by itself: every error that said "try again later"."""
    return code.startswith("exhausted_")


def return_after(code: str, returns: int, *, spread: float) -> float | None:
    """Seconds from the parking to the automatic return; None when a person has to look.

    `returns`: how often it came back by itself since a person last sent it. `spread` is in [0, 1)
    and keeps those apart that were parked together.
    """
    if returns >= len(COOL_DOWN_S):
        return None
    if waits_for_key(code):
        return float(FIRST_LOOK_S)
    if not is_passing(code):
        return None
    return COOL_DOWN_S[returns] * (1.0 + _SPREAD * spread)


def look_again_after(waited_s: float) -> float:
    """Seconds until it is looked again for the key of a letter that waited so long already."""
    return min(max(waited_s / 4, FIRST_LOOK_S), LONGEST_LOOK_S)
