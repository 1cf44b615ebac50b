"""Steering the simulator over HTTP: ``/__sim/…``. No key, no limits, no statistics.

Mistakes in a body answer 400 with ``{"message": …}`` saying what is wrong.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.freshdesk.account import SYSTEM
from local.freshdesk.clock import Clock
from local.freshdesk.faults import fault_of
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.seed import seed
from local.freshdesk.settings import BUCKETS, SettingError, changed
from local.freshdesk.state import SimulatorState
from local.freshdesk.ticket_writes import set_spam


class ControlError(ValueError):
    """A control call cannot be understood; the text says why."""


class Control:
    """The control calls of one server."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._account = state.account

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", "/reset", self._reset),
            Route("POST", "/seed", self._seed),
            Route("POST", "/config", self._configure),
            Route("GET", "/config", self._show_config),
            Route("POST", "/faults", self._set_faults),
            Route("GET", "/faults", self._list_faults),
            Route("DELETE", "/faults", self._clear_faults),
            Route("POST", "/clock", self._set_clock),
            Route("GET", "/clock", self._show_clock),
            Route("GET", "/stats", self._show_stats),
            Route("DELETE", "/stats", self._clear_stats),
            Route("GET", "/truth", _truth),
            Route("POST", "/tickets/{id}/spam", _mark_spam),
        )

    def _reset(self, _: Request) -> Reply:
        self._account.reset()
        return Reply(200, {"ok": True})

    def _seed(self, request: Request) -> Reply:
        return Reply(200, seed(self._account, _object(request.body)))

    def _configure(self, request: Request) -> Reply:
        """Settings by name, and ``api_keys`` {key: agent id}, which replaces all keys."""
        changes = dict(_object(request.body))
        keys = self._checked_keys(changes.pop("api_keys", self._account.api_keys))
        self._account.settings = changed(self._account.settings, changes)
        self._account.api_keys = keys
        return self._show_config(request)

    def _checked_keys(self, keys: object) -> dict[str, int]:
        if not isinstance(keys, Mapping):
            raise SettingError('api_keys maps each key to an agent id: {"secret": 88001200001}')
        for agent_id in keys.values():
            if agent_id not in self._account.agents:
                raise SettingError(f"api_keys: there is no agent {agent_id!r}")
        return dict(keys)

    def _show_config(self, _: Request) -> Reply:
        settings = self._account.settings
        shown = {name: getattr(settings, name) for name in settings.__slots__}
        shown["features"] = sorted(settings.features)
        shown["without_features"] = sorted(settings.without_features)
        shown["limits"] = {name: settings.limit(name) for name in BUCKETS}
        return Reply(200, {**shown, "api_keys": self._account.api_keys})

    def _set_faults(self, request: Request) -> Reply:
        """One fault is added to those there are; a list replaces them all."""
        body = request.body
        if isinstance(body, list):
            self._state.faults = [fault_of(one) for one in body]
        else:
            self._state.faults.append(fault_of(body))
        return self._list_faults(request)

    def _list_faults(self, _: Request) -> Reply:
        return Reply(200, {"faults": [fault.described() for fault in self._state.faults]})

    def _clear_faults(self, request: Request) -> Reply:
        self._state.faults = []
        return self._list_faults(request)

    def _set_clock(self, request: Request) -> Reply:
        """``freeze``: true (where it is), an ISO time, epoch seconds, or false to let it run;
        ``advance_s``: seconds to move forward."""
        body = _object(request.body)
        if unknown := body.keys() - {"freeze", "advance_s"}:
            raise ControlError(f"clock takes freeze and advance_s, not {sorted(unknown)}")
        if "freeze" in body:
            _freeze(self._account.clock, body["freeze"])
        if "advance_s" in body:
            self._account.clock.advance(_seconds(body["advance_s"]))
        return self._show_clock(request)

    def _show_clock(self, _: Request) -> Reply:
        clock = self._account.clock
        shown = {"now": clock.stamp(), "seconds": clock.seconds(), "frozen": clock.frozen}
        return Reply(200, shown)

    def _show_stats(self, _: Request) -> Reply:
        return Reply(200, self._state.stats.body())

    def _clear_stats(self, _: Request) -> Reply:
        self._state.stats.clear()
        return Reply(200, {"ok": True})


def _object(body: object) -> dict[str, Any]:
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def _freeze(clock: Clock, moment: object) -> None:
    if moment is False or moment is None:
        clock.unfreeze()
    elif moment is True:
        clock.freeze()
    elif isinstance(moment, str):
        parsed = datetime.fromisoformat(moment)
        clock.freeze((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    else:
        clock.freeze(_seconds(moment))


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlError(f"a number of seconds is wanted, not {value!r}")
    return float(value)


def _mark_spam(request: Request) -> Reply:
    """``{"spam": false}`` takes it back. The real API has no call for it; people do it."""
    ticket = request.account.tickets.get(request.ids["id"])
    if ticket is None:
        raise ControlError(f"there is no ticket {request.ids['id']}")
    set_spam(request.account, ticket, _object(request.body).get("spam") is not False, actor=SYSTEM)
    return Reply(200, {"id": ticket["id"], "spam": ticket["spam"]})


def _truth(request: Request) -> Reply:
    """Every record of ``object`` as it stands, deleted and spam ones included, by id.

    ``after`` (an id) and ``limit`` give a part: ask again with the last id until it is empty.
    """
    name = request.query.get("object", "tickets")
    tables = request.account.tables
    if name not in tables:
        raise ControlError(f"unknown object {name!r}; known: {', '.join(sorted(tables))}")
    records = list(tables[name].values())
    if after := request.query.get("after"):
        records = [record for record in records if record["id"] > int(after)]
    if limit := request.query.get("limit"):
        records = records[: int(limit)]
    return Reply(200, records)
