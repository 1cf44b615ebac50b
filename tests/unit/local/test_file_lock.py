"""One holder at a time, who can be named, and who lets go by ending."""

from pathlib import Path

import pytest

from local import file_lock
from local.file_lock import LockHeldError


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"

    with (
        file_lock.at_once(lock, "4711"),
        pytest.raises(LockHeldError, match=r"^4711$"),
        file_lock.at_once(lock, "4712"),
    ):
        pytest.fail("two hold the same lock")


def test_it_is_free_after_a_holder_that_failed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(RuntimeError), file_lock.at_once(lock, "4711"):
        raise RuntimeError

    with file_lock.at_once(lock, "4712"):
        note = lock.read_text()

    assert note == "4712\n"


def test_a_free_lock_is_taken_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with file_lock.waiting(tmp_path / "lock", "waiting"):
        pass

    assert capsys.readouterr().out == ""
