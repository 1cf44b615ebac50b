"""/users and /organization: who may call the API, and the rotation of every secret.

A secret is in the answer that makes it and in no other.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports, wall_clock
from connector_api.replies import json_body, success
from freshbridge import timestamps
from freshbridge.errors import Conflict
from freshbridge.instances.access import (
    LARGEST_USER_ID,
    OWNER_ID,
    RANDOM_BYTES,
    read_grace,
    user_secret,
)
from freshbridge.instances.deployed_secret import HOUR_S
from freshbridge.instances.users import UnknownUser, User, read_user
from freshbridge.observability import function_logger

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
logger = function_logger()


class OwnerStays(Conflict):
    """The owner cannot be revoked."""

    code = "owner_stays"
    default_advice = "Rotate the owner's secret instead: POST /api/users/1/rotate."


@router.get("/users")
def list_all() -> Response[str]:
    """The owner, then every user ever added."""
    owner = User(OWNER_ID, "owner", _text(ports().callers.owner.created_at()))
    users = [owner, *ports().callers.users.all()]
    return success("Users", [_shown(user) for user in users])


@router.post("/users")
def add() -> Response[str]:
    """Add a user; the secret is shown in this answer only."""
    name, email = read_user(json_body(router.current_event))
    random = secrets.token_bytes(RANDOM_BYTES)
    user = ports().callers.users.add(
        name, email, _text(wall_clock()), lambda user_id: user_secret(user_id, random)
    )
    _log("user added", user.user_id)
    return success("User added", _shown(user) | {"secret": user_secret(user.user_id, random)}, 201)


@router.post("/users/<user_id>/rotate")
def rotate(user_id: str) -> Response[str]:
    """Give a user a new secret; the old one stays valid for `grace_hours` (24)."""
    number, hours = _number(user_id), _grace()
    secret = user_secret(number, secrets.token_bytes(RANDOM_BYTES))
    if number == OWNER_ID:
        until = ports().callers.owner.rotate(
            secret, grace_hours=hours, random=secrets.token_bytes(16)
        )
    else:
        until = wall_clock() + hours * HOUR_S
        # Without any grace, no clock that is behind may open for a leaked secret.
        ports().callers.users.rotate(number, secret, previous_until=until if hours else 0.0)
    _log("secret rotated", number)
    data = {"id": number, "secret": secret, "previous_valid_until": _text(until)}
    return success("Secret rotated", data)


@router.delete("/users/<user_id>")
def revoke(user_id: str) -> Response[str]:
    """Refuse a user from now on; functions that are warm may take up to a minute to notice."""
    number = _number(user_id)
    if number == OWNER_ID:
        raise OwnerStays("the owner cannot be revoked")
    user = ports().callers.users.revoke(number)
    _log("user revoked", number)
    return success("User revoked", _shown(user))


@router.post("/organization/rotate")
def rotate_organization() -> Response[str]:
    """Give the organization a new secret; the old one stays valid for `grace_hours` (24)."""
    hours = _grace()
    secret = secrets.token_hex(RANDOM_BYTES)
    until = ports().callers.organization.rotate(
        secret, grace_hours=hours, random=secrets.token_bytes(16)
    )
    _log("organization secret rotated", None)
    data = {"secret": secret, "previous_valid_until": _text(until)}
    return success("Secret rotated", data)


def _grace() -> int:
    """The body is optional: most rotations take the default."""
    body = router.current_event.decoded_body
    return read_grace(json_body(router.current_event) if body and body.strip() else {})


def _number(user_id: str) -> int:
    # Only as ids are written: not "01", no other script's digits, none too large for a secret.
    number = int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) <= 10 else 0
    if str(number) != user_id or not OWNER_ID <= number <= LARGEST_USER_ID:
        raise UnknownUser("no such user", where=f"user {user_id[:64]}")
    return number


def _text(seconds: float) -> str:
    return timestamps.to_text(datetime.fromtimestamp(seconds, UTC))


def _log(message: str, user_id: int | None) -> None:
    logger.info(message, extra={"user_id": user_id, "by_user_id": router.context["user_id"]})


def _shown(user: User) -> dict[str, Any]:
    return {
        "id": user.user_id,
        "name": user.name,
        **({"email": user.email} if user.email else {}),
        "created_at": user.created_at,
        "revoked": user.revoked,
    }
