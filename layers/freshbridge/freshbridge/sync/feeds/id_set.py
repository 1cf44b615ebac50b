"""Which ticket ids were met, small enough to be kept with a position.

Pure. Ticket ids count from one, so a bit for each does: 60,000 ids in a row take a hundred bytes,
60,000 scattered over two million 60 kB.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable

LARGEST_ID = 16_000_000
LARGEST_TEXT = 100_000


class IdSet:
    """Ids from 1 on; past what can be kept it knows nothing any more, and says so."""

    def __init__(self, text: str = "", *, lost: bool = False) -> None:
        """`text` is what an earlier set was kept as."""
        self._bits = bytearray(zlib.decompress(b64decode(text)) if text else b"")
        self.lost = lost

    def __contains__(self, number: int) -> bool:
        place, bit = divmod(number, 8)
        return place < len(self._bits) and bool(self._bits[place] >> bit & 1)

    def add(self, numbers: Iterable[int]) -> int:
        """Put them in; returns how many were not there."""
        added = 0
        for number in numbers:
            if self.lost or not 0 < number <= LARGEST_ID:
                self._give_up()
                return 0
            place, bit = divmod(number, 8)
            if place >= len(self._bits):
                self._bits.extend(bytes(place + 1 - len(self._bits)))
            if not self._bits[place] >> bit & 1:
                self._bits[place] |= 1 << bit
                added += 1
        return added

    def text(self) -> str:
        """As it is kept; "" where it knows nothing."""
        packed = b64encode(zlib.compress(bytes(self._bits), 6)).decode() if self._bits else ""
        if len(packed) > LARGEST_TEXT:
            self._give_up()
            return ""
        return packed

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()

    @property
    def unmet(self) -> int:
        """How many ids between the smallest and the largest were not met."""
        bits = int.from_bytes(self._bits, "little")
        lowest = (bits & -bits).bit_length()
        return bits.bit_length() - lowest + 1 - bits.bit_count() if bits else 0

    def next_unmet(self, after: int) -> int:
        """The smallest id larger than `after` that was not met, 0 where none is before the largest.

        With 0 it begins behind the smallest.
        """
        bits = int.from_bytes(self._bits, "little")
        begin = max(after + 1, (bits & -bits).bit_length())
        holes = ~(bits >> begin)
        found = begin + (holes & -holes).bit_length() - 1
        return found if found < bits.bit_length() else 0

    def _give_up(self) -> None:
        self._bits = bytearray()
        self.lost = True
