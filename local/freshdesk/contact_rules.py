"""What a contact may hold: the body's spec, uniqueness, references, the avatar.

Source: developers.freshdesk.com/api, Contacts: a name and at least one way to tell the contact
from others; e-mail, Twitter and external ids are unique in the account.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.attachments import store_file
from local.freshdesk.custom_attributes import custom_spec
from local.freshdesk.errors import (
    FieldError,
    duplicate_value,
    invalid_field,
    invalid_value,
    method_not_allowed,
    no_such_record,
    not_found,
    validation_failed,
)
from local.freshdesk.people import find_user
from local.freshdesk.routing import Request
from local.freshdesk.validation import Field, Spec

IDENTITIES: Final = ("email", "phone", "mobile", "twitter_id", "unique_external_id")
UNIQUE: Final = ("email", "twitter_id", "unique_external_id")
MAX_OTHER_EMAILS: Final = 9
MAX_AVATAR_BYTES: Final = 5 * 1024 * 1024
AVATAR_SUFFIXES: Final = (".jpg", ".jpeg", ".jpe", ".png")

_OTHER_COMPANY: Final = {
    "company_id": Field("integer", required=True, nullable=False),
    "view_all_tickets": Field("boolean"),
}


def contact_spec(account: Account) -> Spec:
    """Every attribute that creating and updating take."""
    text = Field("string", max_length=255)
    return {
        "name": Field("string", nullable=False, blank=False, max_length=255),
        "email": Field("email"),
        "phone": text,
        "mobile": text,
        "twitter_id": text,
        "unique_external_id": text,
        "other_emails": Field("array", items=Field("email", nullable=False)),
        "company_id": Field("integer"),
        "view_all_tickets": Field("boolean"),
        "other_companies": Field("array", items=Field("object", fields=_OTHER_COMPANY)),
        "address": Field("string"),
        "custom_fields": custom_spec(account, "contact_fields"),
        "description": Field("string"),
        "job_title": text,
        "language": text,
        "tags": Field("array", items=Field("string", nullable=False, max_length=32)),
        "time_zone": text,
        "lookup_parameter": Field("string", choices=("display_id", "primary_field_value")),
    }


def check_contact(
    account: Account, fields: Mapping[str, Any], planned: Mapping[str, Any], of: int | None = None
) -> None:
    """Check what a typed body would make of a contact.

    ``planned`` is the contact as it would be stored, ``of`` the id of the one being changed. Raises
    ApiError 400, or 409 with the id of the user that already has a unique value.
    """
    errors = _reference_errors(account, fields)
    if not any(planned.get(name) for name in IDENTITIES):
        message = f"Please fill at least 1 of {', '.join(IDENTITIES)} fields"
        errors.append(FieldError("email", message, "missing_field"))
    others = fields.get("other_emails") or []
    if len(others) > MAX_OTHER_EMAILS:
        limit = f"It can have a maximum of {MAX_OTHER_EMAILS} elements"
        errors.append(invalid_value("other_emails", f"Has {len(others)} elements. {limit}"))
    if errors:
        raise validation_failed(errors)
    for name, value in [(name, fields.get(name)) for name in UNIQUE]:
        _check_unique(account, name, "email" if name == "email" else name, value, of)
    for value in others:
        _check_unique(account, "other_emails", "email", value, of)


def _check_unique(account: Account, field: str, key: str, value: Any, of: int | None) -> None:
    owner = find_user(account, key, value) if value else None
    if owner is not None and owner != of:
        raise duplicate_value(field, user_id=owner)


def _reference_errors(account: Account, fields: Mapping[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    company_id = fields.get("company_id")
    if company_id is not None and company_id not in account.companies:
        errors.append(no_such_record("company_id", "company"))
    if "other_companies" in fields and not account.has_feature("multiple_companies"):
        message = "The multiple_companies feature is not enabled"
        errors.append(FieldError("other_companies", message, "inaccessible_field"))
    elif any(
        one["company_id"] not in account.companies for one in fields.get("other_companies") or ()
    ):
        errors.append(no_such_record("other_companies", "company"))
    return errors


def avatar_of(request: Request) -> Record | None:
    """The stored record of the ``avatar`` file, if one was sent. Raises ApiError 400."""
    wrong = [invalid_field(one.field) for one in request.files if one.field != "avatar"]
    if wrong:
        raise validation_failed(wrong)
    if not request.files:
        return None
    upload = request.files[0]
    if not upload.name.lower().endswith(AVATAR_SUFFIXES):
        message = "Invalid file type. Please upload a jpg, jpeg, jpe or png file"
        raise validation_failed([invalid_value("avatar", message)])
    if len(upload.content) > MAX_AVATAR_BYTES:
        message = "Invalid file size. The avatar should not exceed 5 MB"
        raise validation_failed([invalid_value("avatar", message)])
    return store_file(request.account, upload)


def find_contact(request: Request) -> Record:
    """The contact of the path, deleted ones too. Raises ApiError 404."""
    contact = request.account.contacts.get(request.ids["id"])
    if contact is None:
        raise not_found()
    return contact


def find_live_contact(request: Request) -> Record:
    """``find_contact`` for writes: a deleted or blocked contact answers 405."""
    contact = find_contact(request)
    if contact["deleted"] or contact["blocked"]:
        raise method_not_allowed(request.method, ["GET"])
    return contact
