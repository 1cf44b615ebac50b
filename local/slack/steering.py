"""Steering the simulator over HTTP: ``/__sim/…``. No token, no limits, no statistics."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from local.simulator import control
from local.simulator.routing import Reply
from local.slack.workspace import Channel, Workspace


class Steering:
    """The control calls of one server. A mistake in a body raises ValueError, saying which."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._calls: dict[str, Callable[[Any, Mapping[str, str]], Any]] = {
            "POST /reset": lambda _body, _query: workspace.reset(),
            "GET /config": lambda _body, _query: None,
            "POST /config": lambda body, _query: self._configure(control.object_of(body)),
            "GET /faults": lambda _body, _query: None,
            "POST /faults": lambda body, _query: control.set_faults(workspace.faults, body),
            "DELETE /faults": lambda _body, _query: workspace.faults.clear(),
            "POST /clock": lambda body, _query: control.set_clock(workspace.clock, body),
            "GET /stats": lambda _body, _query: workspace.stats.body(),
            "GET /truth": lambda _body, query: self._truth(query),
        }

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Reply:
        """What a call is answered with; settings and faults where it has nothing to tell."""
        call = self._calls.get(f"{method} {path}")
        if call is None:
            return Reply(404, {"message": f"no such control call: {method} {path}"})
        found = call(body, query)
        if found is None:
            faults = control.shown_faults(self._workspace.faults)
            found = {**asdict(self._workspace.settings), **faults}
        return Reply(200, found)

    def _truth(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        messages = {one["id"]: one for one in self._workspace.messages}
        channels: dict[Any, dict[str, Any]] = {
            one.id: asdict(one) for one in self._workspace.channels
        }
        return control.part_of({"messages": messages, "channels": channels}, query, "messages")

    def _configure(self, changes: dict[str, Any]) -> None:
        """Settings by name; ``channels`` replaces all channels."""
        channels = changes.pop("channels", None)
        if unknown := changes.keys() - asdict(self._workspace.settings).keys():
            raise control.ControlError(f"unknown settings: {', '.join(sorted(unknown))}")
        if "scopes" in changes:
            changes["scopes"] = tuple(changes["scopes"])
        self._workspace.settings = replace(self._workspace.settings, **changes)
        if channels is not None:
            self._workspace.channels = [Channel(**one) for one in channels]
