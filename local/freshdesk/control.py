"""Steering the simulator over HTTP: ``/__sim/…``. No key, no limits, no statistics.

Mistakes in a body answer 400 with ``{"message": …}`` saying what is wrong.
"""

from collections.abc import Mapping

from local.freshdesk.account import SYSTEM
from local.freshdesk.churn import Churn
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.seed import seed
from local.freshdesk.settings import BUCKETS, SettingError, changed
from local.freshdesk.state import SimulatorState
from local.freshdesk.ticket_writes import set_spam
from local.simulator.control import (
    ControlError,
    object_of,
    part_of,
    set_clock,
    set_faults,
    shown_faults,
)


class Control:
    """The control calls of one server."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._account = state.account
        self._churn = Churn(state.account)

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
            Route("POST", "/churn", self._start_churn),
            Route("GET", "/churn", self._show_churn),
            Route("DELETE", "/churn", self._stop_churn),
            Route("POST", "/tickets/{id}/spam", _mark_spam),
        )

    def _reset(self, _: Request) -> Reply:
        self._account.reset()
        return Reply(200, {"ok": True})

    def _seed(self, request: Request) -> Reply:
        return Reply(200, seed(self._account, object_of(request.body)))

    def _configure(self, request: Request) -> Reply:
        """Settings by name, and ``api_keys`` {key: agent id}, which replaces all keys."""
        changes = dict(object_of(request.body))
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
        set_faults(self._state.faults, request.body)
        return self._list_faults(request)

    def _list_faults(self, _: Request) -> Reply:
        return Reply(200, shown_faults(self._state.faults))

    def _clear_faults(self, request: Request) -> Reply:
        self._state.faults = []
        return self._list_faults(request)

    def _set_clock(self, request: Request) -> Reply:
        set_clock(self._account.clock, request.body)
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

    def _start_churn(self, request: Request) -> Reply:
        """Its rates and seed: see ``churn``."""
        self._churn.start(object_of(request.body))
        return self._show_churn(request)

    def _show_churn(self, _: Request) -> Reply:
        return Reply(200, self._churn.shown())

    def _stop_churn(self, request: Request) -> Reply:
        self._churn.stop()
        return self._show_churn(request)


def _mark_spam(request: Request) -> Reply:
    """``{"spam": false}`` takes it back. The real API has no call for it; people do it."""
    ticket = request.account.tickets.get(request.ids["id"])
    if ticket is None:
        raise ControlError(f"there is no ticket {request.ids['id']}")
    set_spam(
        request.account, ticket, object_of(request.body).get("spam") is not False, actor=SYSTEM
    )
    return Reply(200, {"id": ticket["id"], "spam": ticket["spam"]})


def _truth(request: Request) -> Reply:
    """Deleted and spam records included."""
    return Reply(200, part_of(request.account.tables, request.query, "tickets"))
