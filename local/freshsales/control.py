"""Steering the simulator over HTTP: ``/__sim/…``. No key, no limits, no statistics.

Mistakes in a body answer 400 with ``{"message": …}`` saying what is wrong.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshsales import records
from local.freshsales.custom_fields import TYPES, add_custom_field
from local.freshsales.models import BY_TABLE, CRM
from local.freshsales.routing import Reply, Request, Route
from local.freshsales.seed import seed
from local.freshsales.settings import PERSONAS, WINDOWS, SettingError, changed
from local.freshsales.stamps import stamp_of
from local.freshsales.starting_records import add_user
from local.freshsales.state import SimulatorState
from local.simulator.control import (
    ControlError,
    object_of,
    part_of,
    set_clock,
    set_faults,
    shown_faults,
)

# Beside the common ones: what the vendor has been seen to answer in place of 429, and the answer of
# a write that another, equal one overtook: the record is there, the answer calls it a duplicate.
OWN_FAULTS: Final = ("throttle_as_400", "throttle_as_405", "commit_then_duplicate")


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
            Route("POST", "/fields", _add_field),
            Route("POST", "/users", _add_user),
            Route("DELETE", "/views/{id}", _remove_view),
            Route("PUT", "/views/{id}", _rename_view),
            Route("PUT", "/{table:text}/{id}", _change_record),
        )

    def _reset(self, request: Request) -> Reply:
        """An empty account; ``{"persona": "classic"}`` makes it one of that generation."""
        wanted = object_of(request.body)
        if unknown := wanted.keys() - {"persona"}:
            raise ControlError(f"reset takes persona, not {sorted(unknown)}")
        persona = wanted.get("persona")
        if persona is not None and persona not in PERSONAS:
            raise ControlError(f"persona is one of {', '.join(PERSONAS)}, not {persona!r}")
        self._account.reset(persona)
        return Reply(200, {"ok": True, "persona": self._account.settings.persona})

    def _seed(self, request: Request) -> Reply:
        return Reply(200, seed(self._account, object_of(request.body)))

    def _configure(self, request: Request) -> Reply:
        """Settings by name, and ``api_keys`` {key: user id}, which replaces all keys."""
        changes = dict(object_of(request.body))
        keys = self._checked_keys(changes.pop("api_keys", self._account.api_keys))
        self._check_form(changes)
        settings = changed(self._account.settings, changes)
        self._account.settings = settings
        self._account.api_keys = keys
        return self._show_config(request)

    def _check_form(self, changes: Mapping[str, Any]) -> None:
        """What the stamps and ids of present records go by cannot change below them."""
        now = self._account.settings
        if changes.get("persona", now.persona) != now.persona:
            raise SettingError('persona changes with a reset: POST /__sim/reset {"persona": …}')
        offset = changes.get("utc_offset_minutes", now.utc_offset_minutes)
        present = any(self._account.table(model.table) for model in CRM)
        if offset != now.utc_offset_minutes and present:
            raise SettingError("utc_offset_minutes changes on an empty account only: reset first")

    def _checked_keys(self, keys: object) -> dict[str, int]:
        if not isinstance(keys, Mapping):
            raise SettingError('api_keys maps each key to a user id: {"secret": 70000000001}')
        for user_id in keys.values():
            if user_id not in self._account.table("users"):
                raise SettingError(f"api_keys: there is no user {user_id!r}")
        return dict(keys)

    def _show_config(self, _: Request) -> Reply:
        settings = self._account.settings
        shown: dict[str, Any] = {name: getattr(settings, name) for name in settings.__slots__}
        shown["forbidden"] = sorted(settings.forbidden)
        shown["required_fields"] = sorted(settings.required_fields)
        shown["plan"] = settings.plan_name
        shown["limits"] = {name: settings.limit(name) for name in WINDOWS}
        return Reply(200, {**shown, "api_keys": self._account.api_keys})

    def _set_faults(self, request: Request) -> Reply:
        """One fault is added to those there are; a list replaces them all."""
        set_faults(self._state.faults, request.body, OWN_FAULTS)
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
        now = stamp_of(int(clock.seconds()), 0)
        return Reply(200, {"now": now, "seconds": clock.seconds(), "frozen": clock.frozen})

    def _show_stats(self, _: Request) -> Reply:
        return Reply(200, self._state.stats.body())

    def _clear_stats(self, _: Request) -> Reply:
        self._state.stats.clear()
        return Reply(200, {"ok": True})


def _truth(request: Request) -> Reply:
    """Deleted records included, with every attribute, whatever views would hide."""
    return Reply(200, part_of(request.account.tables, request.query, "contacts"))


def _add_field(request: Request) -> Reply:
    """``{"resource", "label", "type", "choices": […], "required"}``: what an administrator adds."""
    wanted = object_of(request.body)
    if wanted.get("resource") not in BY_TABLE:
        raise ControlError(f"resource is one of {', '.join(BY_TABLE)}")
    if wanted.get("type", "text") not in TYPES:
        raise ControlError(f"type is one of {', '.join(TYPES)}, not {wanted.get('type')!r}")
    if not isinstance(wanted.get("label"), str):
        raise ControlError("label is missing: the field's name for people")
    record = add_custom_field(
        request.account, wanted["resource"], wanted["label"], wanted.get("type", "text"),
        tuple(wanted.get("choices") or ()), required=wanted.get("required") is True,
    )  # fmt: skip
    return Reply(200, record)


def _add_user(request: Request) -> Reply:
    """``{"name", "email"}``: one more salesperson."""
    wanted = object_of(request.body)
    if not isinstance(wanted.get("name"), str) or not isinstance(wanted.get("email"), str):
        raise ControlError("a user has name and email")
    return Reply(200, add_user(request.account, wanted["name"], wanted["email"]))


def _view(request: Request) -> dict[str, Any]:
    view = request.account.table("views").get(request.ids["id"])
    if view is None:
        raise ControlError(f"there is no view {request.ids['id']}")
    return view


def _remove_view(request: Request) -> Reply:
    """Users remove views; the API has no call for it."""
    view = _view(request)
    del request.account.table("views")[view["id"]]
    return Reply(200, {"ok": True})


def _rename_view(request: Request) -> Reply:
    """``{"name"}``: users rename views; the API has no call for it."""
    view = _view(request)
    view["name"] = str(object_of(request.body).get("name"))
    return Reply(200, view)


def _change_record(request: Request) -> Reply:
    """A person's change in the web application: as a PUT, without limits, faults or a key.

    What people do there sets off workflows like any other change.
    """
    model = BY_TABLE.get(request.texts["table"])
    record = records.live(request.account, model, request.ids["id"]) if model else None
    if model is None or record is None:
        raise ControlError(f"there is no {request.texts['table']} {request.ids['id']}")
    person = next(iter(request.account.table("users").values()))
    values = object_of(request.body)
    return Reply(200, records.update(request.account, model, record, values, person))
