"""Making, changing and removing skills of skill-based routing; nothing here routes by them.

Source: developers.freshdesk.com/api, Skills. Older accounts have them at ``/skills``.
"""

from collections.abc import Iterable
from typing import Any, Final

from local.freshdesk.account import Record
from local.freshdesk.errors import (
    FieldError,
    duplicate_value,
    invalid_field,
    missing_field,
    no_such_record,
    not_found,
    not_in_choices,
    validation_failed,
)
from local.freshdesk.portal_content import put_record
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.validation import Field, Spec, check_body, required

PATHS: Final = ("/admin/skills", "/skills")
_OPERATORS: Final = ("in", "not_in", "is", "is_not")
_RESOURCES: Final = ("ticket", "contact", "company")
_CONDITION: Final = frozenset(
    {"resource_type", "field_name", "operator", "value", "nested_fields"}
)  # fmt: skip
_AGENT: Final[Spec] = {"id": Field("integer", required=True, nullable=False)}
_SKILL: Final[Spec] = {
    "name": Field("string", nullable=False, blank=False, max_length=255),
    "rank": Field("integer", nullable=False, minimum=1),
    "match_type": Field("string", nullable=False, choices=("all", "any")),
    "agents": Field("array", nullable=False, items=Field("object", fields=_AGENT)),
    "conditions": Field("array", nullable=False, items=Field("object")),
}


def _find(request: Request) -> Record:
    skill = request.account.table("skills").get(request.ids["id"])
    if skill is None:
        raise not_found()
    return skill


def _check(request: Request, fields: Record, of: int | None = None) -> None:
    """Raises ApiError 400 for conditions and agents that cannot be, 409 for a name that is."""
    errors = [error for one in fields.get("conditions", ()) for error in _offences(one)]
    agents = request.account.agents
    if any(one["id"] not in agents for one in fields.get("agents", ())):
        errors.append(no_such_record("agents", "agent"))
    if errors:
        raise validation_failed(errors)
    others = request.account.table("skills").values()
    if any(one["name"] == fields.get("name") and one["id"] != of for one in others):
        raise duplicate_value("name")


def _offences(condition: dict[str, Any]) -> Iterable[FieldError]:
    """A value may be of any type, so that conditions have no spec of their own."""
    for name in condition.keys() - _CONDITION:
        yield invalid_field(f"conditions.{name}")
    for name in ("field_name", "operator", "value"):
        if name not in condition:
            yield missing_field(f"conditions.{name}")
    for name, choices in (("operator", _OPERATORS), ("resource_type", _RESOURCES)):
        if condition.get(name, choices[0]) not in choices:
            yield not_in_choices(f"conditions.{name}", choices)


def _create(request: Request) -> Reply:
    needed = {name: required(_SKILL[name]) for name in ("name", "match_type", "conditions")}
    fields = check_body({**_SKILL, **needed}, request)
    _check(request, fields)
    last = max((one["rank"] for one in request.account.table("skills").values()), default=0)
    skill = put_record(request.account, "skills", **{"rank": last + 1, "agents": [], **fields})
    return created(request, "admin/skills", skill)


def _update(request: Request) -> Reply:
    skill = _find(request)
    fields = check_body(_SKILL, request)
    _check(request, fields, of=skill["id"])
    skill |= {**fields, "updated_at": request.account.clock.stamp()}
    return Reply(200, skill)


def _delete(request: Request) -> Reply:
    del request.account.table("skills")[_find(request)["id"]]
    return Reply(204)


ROUTES = tuple(
    route
    for path in PATHS
    for route in (
        Route("POST", path, _create, admin_only=True),
        Route("PUT", f"{path}/{{id}}", _update, admin_only=True),
        Route("DELETE", f"{path}/{{id}}", _delete, admin_only=True),
    )
)
