"""Files that only their owner may read, whole or not there at all."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace the file in one step with one of mode 0600."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    # The mode is given on creation: at no moment may others open it.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
