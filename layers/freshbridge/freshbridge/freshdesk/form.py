"""A request's body as the fields of a multipart form, for requests that carry files.

Freshdesk takes files in multipart/form-data only, and reads `tags[]` as a list and
`custom_fields[cf_region]` as a member. Facts: https://developers.freshdesk.com/api/#create_ticket_with_attachment
"""

from collections.abc import Iterator, Mapping
from typing import Any

from freshbridge.errors import FieldError, InvalidRequest


def form_fields(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The fields of `body`, a JSON object: names with brackets, every value as text.

    null is the empty text, which clears a value. Raises InvalidRequest for an empty list, which a
    form cannot say, and for what is neither text, number, boolean, null, list nor object.
    """
    return tuple(field for name, value in body.items() for field in _fields(name, value, name))


def _fields(name: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _fields(f"{name}[{key}]", member, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        if not value:
            raise _unsayable(path, "an empty list cannot be sent together with files")
        for item in value:
            yield from _fields(f"{name}[]", item, path)
    else:
        yield name, _text(value, path)


def _text(value: Any, path: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not value.isascii():
        _check_unicode(value, path)
    if isinstance(value, str | int | float):
        return str(value)
    raise _unsayable(path, f"{type(value).__name__} cannot be sent as a form field")


def _check_unicode(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unsayable(path, "half a surrogate pair is no text") from None


def _unsayable(path: str, message: str) -> InvalidRequest:
    return InvalidRequest(
        "The request cannot be sent with files",
        fields=[FieldError(path, message, "invalid_value")],
        advice="Leave the field out, or change it in a request without files.",
    )
