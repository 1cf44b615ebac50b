"""Dead letters are shown before they are put back, and only then."""

from collections.abc import Mapping
from typing import Any

import pytest

from local import redrive
from local.redrive import RedriveError


class FakeFunction:
    """The deployed function, with a queue of dead letters by reason."""

    def __init__(self, by_code: dict[str, int]) -> None:
        self.by_code = by_code
        self.moved = 0

    def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        moved = 0 if event.get("dry_run") else min(event["limit"], sum(self.by_code.values()))
        self.moved += moved
        return {"queue": event["queue"], "moved": moved, "by_code": self.by_code}


@pytest.mark.parametrize(("answer", "moved"), [("y", 5), ("Y ", 5), ("n", 0), ("", 0)])
def test_only_a_yes_moves_anything(
    answer: str, moved: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    function = FakeFunction({"not_found": 2, "invalid_parameters": 3})
    monkeypatch.setattr("builtins.input", lambda _question: answer)

    assert redrive.redrive(function, "actions", 100, sure=False) == 0

    assert function.moved == moved
    assert capsys.readouterr().out.split()[:4] == ["3", "invalid_parameters", "2", "not_found"]


def test_sure_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    function = FakeFunction({"not_found": 2})
    monkeypatch.setattr("builtins.input", pytest.fail)

    redrive.redrive(function, "actions", 1, sure=True)

    assert function.moved == 1


def test_an_empty_queue_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive.redrive(FakeFunction({}), "sync", 100, sure=False) == 0

    assert capsys.readouterr().out == "sync: no dead letters\n"


def test_without_a_local_stack_it_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(redrive, "STACK_FILE", tmp_path / "stack.json")

    with pytest.raises(RedriveError, match="make run"):
        redrive.local_client()
