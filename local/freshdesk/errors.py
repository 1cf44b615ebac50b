"""The vendor's error answers: status, body, or an empty body where it sends none.

A handler raises ``ApiError``; ``app`` turns it into a response. Shapes and messages follow
developers.freshdesk.com/api (Errors) and answers recorded by public clients.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any


class ApiError(Exception):
    """Ends a request with ``status`` and a JSON ``body``; ``None`` is a body of zero bytes."""

    def __init__(
        self, status: int, body: object | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclasses.dataclass(frozen=True, slots=True)
class FieldError:
    """One line of a 400's ``errors`` list.

    ``field`` is the attribute's wire name (``custom_fields.cf_x`` for a custom one), ``code`` a
    word of the vendor's vocabulary; ``additional_info`` appears only when it is not empty.
    """

    field: str
    message: str
    code: str
    additional_info: dict[str, Any] = dataclasses.field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        extra = {"additional_info": self.additional_info} if self.additional_info else {}
        return {"field": self.field, **extra, "message": self.message, "code": self.code}


def missing_field(name: str) -> FieldError:
    return FieldError(name, "Mandatory attribute missing", "missing_field")


def invalid_field(name: str) -> FieldError:
    """An attribute or query parameter the call does not know."""
    return FieldError(name, "Unexpected/invalid field in request", "invalid_field")


def invalid_value(name: str, message: str) -> FieldError:
    return FieldError(name, message, "invalid_value")


def not_in_choices(name: str, choices: Iterable[object]) -> FieldError:
    listed = ",".join(str(choice) for choice in choices)
    return invalid_value(name, f"It should be one of these values: '{listed}'")


def no_such_record(name: str, what: str) -> FieldError:
    """A reference to a record that does not exist, e.g. ``no_such_record("group_id", "group")``."""
    return invalid_value(name, f"There is no {what} matching the given {name}")


def validation_failed(errors: Sequence[FieldError], status: int = 400) -> ApiError:
    """400 with one entry per offending field."""
    return ApiError(
        status,
        {"description": "Validation failed", "errors": [error.body() for error in errors]},
    )


def duplicate_value(name: str, *, user_id: int | None = None) -> ApiError:
    """409 for a unique clash; ``user_id`` names the contact or agent that already has the value."""
    info = {} if user_id is None else {"user_id": user_id}
    clash = FieldError(name, "It should be a unique value", "duplicate_value", info)
    return validation_failed([clash], status=409)


def _flat(status: int, code: str, message: str) -> ApiError:
    return ApiError(status, {"code": code, "message": message})


def invalid_json() -> ApiError:
    return _flat(400, "invalid_json", "Request body has invalid json format")


def invalid_credentials() -> ApiError:
    return _flat(401, "invalid_credentials", "You have to be logged in to perform this action.")


def access_denied() -> ApiError:
    return _flat(403, "access_denied", "You are not authorized to perform this action.")


def require_feature(feature: str) -> ApiError:
    """403: the plan lacks ``feature`` (its name as the vendor's page writes it)."""
    return _flat(
        403,
        "require_feature",
        f"The {feature} feature(s) is/are not supported in your plan. "
        "Please upgrade your account to use it.",
    )


def max_agents_reached(limit: int) -> ApiError:
    return _flat(
        403, "max_agents_reached", f"You have reached the maximum number of agents ({limit})."
    )


def account_suspended() -> ApiError:
    return _flat(403, "account_suspended", "Your account has been suspended.")


def not_found() -> ApiError:
    """404 has no body at all."""
    return ApiError(404)


def method_not_allowed(method: str, allowed: Iterable[str]) -> ApiError:
    """405: wrong verb, or an update of a record that is deleted, spam or blocked."""
    verbs = ", ".join(allowed)
    message = f"{method} method is not allowed. It should be one of these method(s): {verbs}"
    return ApiError(405, {"message": message}, {"Allow": verbs})


def not_acceptable() -> ApiError:
    """406: ``Accept`` excludes JSON."""
    return ApiError(406)


def unsupported_media_type() -> ApiError:
    return _flat(
        415,
        "invalid_content_type",
        "Content-Type header is not supported. It should be application/json or, "
        "where files are allowed, multipart/form-data.",
    )


def no_content_required() -> ApiError:
    return _flat(400, "no_content_required", "No content is required for this request")
