"""Dead letters are shown before they are put back, and only then."""

from collections.abc import Mapping
from typing import Any

import pytest

from local import redrive
from local.redrive import RedriveError


class FakeFunction:
    """The deployed function, with dead letters by reason; `slow` calls are needed for the last."""

    def __init__(self, by_code: dict[str, int], *, slow: int = 0, task: bool = False) -> None:
        self.by_code = by_code
        self.orders: list[Mapping[str, Any]] = []
        self._slow = slow
        self._task = task

    def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        if event.get("dry_run"):
            return {"by_code": self.by_code, "complete": len(self.by_code) < 3}
        self.orders.append(event)
        total = sum(self.by_code.values())
        if event.get("all"):
            return {"moved": 0 if self._task else total, "task": self._task}
        self._slow -= 1
        done = self._slow < 0
        if event.get("progress"):
            status = "COMPLETED" if done else "RUNNING"
            return {"progress": {"status": status, "moved": total if done else 1, "of": total}}
        return {"job_id": "dlj_1", "state": "finished" if done else "running", "done": total}


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.mark.parametrize(
    ("answer", "moves"), [("y", True), ("Y ", True), ("n", False), ("", False)]
)
def test_only_a_yes_moves_anything(
    answer: str, moves: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    function = FakeFunction({"not_found": 2, "invalid_parameters": 3})
    monkeypatch.setattr("builtins.input", lambda _question: answer)

    assert redrive.redrive(function, {"queue": "actions"}) == 0

    assert function.orders == ([{"queue": "actions", "all": True}] if moves else [])
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "actions: 5 dead letters"
    assert out.split()[4:8] == ["3", "invalid_parameters", "2", "not_found"]
    assert ("5 put back" in out) is moves


def test_nobody_at_the_terminal_says_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_terminal(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_terminal)
    function = FakeFunction({"not_found": 2})

    assert redrive.redrive(function, {"queue": "actions"}) == 0
    assert function.orders == []
    assert "nothing was moved" in capsys.readouterr().out


def test_sure_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    function = FakeFunction({"not_found": 2})
    monkeypatch.setattr("builtins.input", pytest.fail)

    redrive.redrive(function, {"queue": "actions"}, limit=1, sure=True)

    assert function.orders == [{"queue": "actions", "limit": 1}]


def test_a_filter_goes_through_the_letters_and_is_followed_to_the_last(
    naps: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    function = FakeFunction({"not_found": 2}, slow=2)
    order = {"queue": "sync", "filter": {"code": "not_found"}}

    assert redrive.redrive(function, order, sure=True, sleep=naps.append) == 0

    assert function.orders == [order, {"job": "dlj_1"}, {"job": "dlj_1"}]
    assert len(naps) == 2
    assert capsys.readouterr().out.splitlines()[-1] == "sync: 2 put back"


def test_letters_can_be_given_up_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    function = FakeFunction({"a": 1, "b": 2, "c": 3})

    redrive.redrive(function, {"queue": "events"}, discard="spam", sure=True)

    assert function.orders == [{"queue": "events", "discard": "spam"}]
    out = capsys.readouterr().out
    assert "more that could not be counted" in out
    assert out.splitlines()[-1] == "events: 6 given up"


def test_a_move_by_the_queue_service_is_followed(
    naps: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    function = FakeFunction({"not_found": 9}, slow=2, task=True)

    assert redrive.redrive(function, {"queue": "actions"}, sure=True, sleep=naps.append) == 0

    assert len(naps) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[2:] == ["actions: 1 of about 9 put back so far"] * 2 + ["actions: 9 put back"]


def test_a_move_that_was_cut_short_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def function(event: Mapping[str, Any]) -> Mapping[str, Any]:
        if event.get("progress"):
            return {"progress": {"status": "FAILED", "moved": 3}}
        return {"by_code": {"x": 9}, "task": True, "moved": 0}

    assert redrive.redrive(function, {"queue": "actions"}, sure=True) == 1
    assert "the move ended as FAILED" in capsys.readouterr().out


def test_an_empty_queue_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive.redrive(FakeFunction({}), {"queue": "sync"}) == 0

    assert capsys.readouterr().out == "sync: no dead letters\n"


def test_the_options_are_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Mapping[str, Any]] = []

    def function(event: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(event)
        return {"by_code": {}}

    monkeypatch.setattr(redrive, "invoker", lambda _stack, local: function if local else None)
    options = "actions --local --code not_found --instance 7 --from 2026-01-01 --text gone"

    assert redrive.main(options.split()) == 0

    chosen = {
        "code": "not_found", "instance_id": "7", "parked_from": "2026-01-01", "text": "gone",
    }  # fmt: skip
    assert asked[0] == {"queue": "actions", "filter": chosen, "dry_run": True}


def test_letters_of_the_other_queues_are_told_of_and_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"actions": {}, "events": {"a": 2, "b": 1}, "sync": {"c": redrive.MOST_ELSEWHERE}}
    held |= {"callbacks": {"d": 1}, "customers": {}}
    asked: list[Mapping[str, Any]] = []

    def function(event: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(event)
        return {"by_code": held[event["queue"]]}

    monkeypatch.setattr(redrive, "invoker", lambda _stack, local: function)  # noqa: ARG005 - named

    assert redrive.main(["actions", "--yes"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "actions: no dead letters",
        "events: 3 dead letters too: make redrive QUEUE=events",
        "sync: 1000 or more dead letters too: make redrive QUEUE=sync",
        "callbacks: 1 dead letters too: make redrive QUEUE=callbacks",
    ]
    assert all(event["dry_run"] for event in asked)


@pytest.mark.parametrize("options", ["all", "actions --limit 0", "actions --limit x"])
def test_options_that_make_no_sense_are_refused(options: str) -> None:
    with pytest.raises(SystemExit):
        redrive.main(options.split())


def test_without_a_local_stack_it_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(redrive, "STACK_FILE", tmp_path / "stack.json")

    with pytest.raises(RedriveError, match="make run"):
        redrive.local_client()
    assert redrive.main(["actions", "--local"]) == 1
    assert "make run" in capsys.readouterr().err
