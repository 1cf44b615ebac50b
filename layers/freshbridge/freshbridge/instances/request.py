"""What a person asked to connect, read from either face of the API.

Pure. Under /elements/api-v2 the body has `element`, `configuration`, `tags` and `name`; under
/api/integrations `platform`, `name`, `credentials` and `config`. Both become one value. Everything
that is missing or wrong is named at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.instances import elements
from freshbridge.instances.config import (
    CACHING_ENTRIES,
    config_errors,
    merged,
    without_nulls,
)
from freshbridge.instances.elements import Element, InvalidConfiguration
from freshbridge.sync.selection import DEFAULT_OBJECTS

LONGEST_NAME = 200
# A tag, or the beginning of one that whatever is written after it would complete.
_TAG = re.compile(r"<[^>]*>|<[A-Za-z/!?].*", re.DOTALL)
# The names of a person's credentials, and the entries of the elements that they fill.
CREDENTIAL_ENTRIES = {
    "freshdesk": {"domain": "subdomain", "api_key": "username"},
    "freshsales": {"domain": "domain", "api_key": "api_key"},
    "slack": {"bot_token": "bot_token", "webhook_url": "webhook_url", "domain": "domain"},
    "http": {
        "base_url": "base.url",
        "authorization": "authorization",
        "signing_key": "signing.key",
    },
}
# The older element of Freshdesk has a login: there an API key as `username` would be shown.
_LOGIN_ENTRIES = {"domain": "subdomain", "username": "username", "password": "password"}


class InvalidIntegration(InvalidRequest):
    """The request to connect an account is incomplete or wrong; `fields` names all that is."""

    code = "invalid_integration"


@dataclass(frozen=True)
class Wanted:
    """`configuration` holds what is shown, `credentials` what goes to the vault."""

    element: Element
    name: str
    configuration: dict[str, str]
    credentials: dict[str, str] = field(repr=False)
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def sync_objects(self) -> tuple[str, ...]:
        """What is synced: config.sync_objects, else tickets where the platform has them."""
        default = DEFAULT_OBJECTS if self.element.platform == "freshdesk" else ()
        return tuple(self.config.get("sync_objects", default))


def read_instance(body: dict[str, Any], element_key: str | None = None) -> Wanted:
    """The body of `POST /elements/api-v2/instances`; `element_key` when the path names it.

    Raises:
        UnknownElement, InvalidConfiguration, InvalidIntegration.
    """
    named = body.get("element")
    named = named if isinstance(named, dict) else {}
    key = element_key or named.get("key") or named.get("id")
    if not isinstance(key, str | int):
        raise InvalidIntegration(
            "the instance cannot be created",
            fields=[FieldError("element.key", "is required", "missing_field")],
        )
    element = elements.find(str(key))
    given = read_change(body)
    shown, secret = elements.split(element, given.configuration or {})
    return Wanted(
        element,
        given.name or element.name,
        shown,
        secret,
        tags=given.tags or (),
        config=given.caching,
    )


@dataclass(frozen=True)
class Given:
    """What a body gives of an instance; None for what is not there or empty as a name.

    `caching` has those of cachingEnabled, maxCacheSize and cacheTimeToLive that are there.
    """

    name: str | None
    tags: tuple[str, ...] | None
    configuration: dict[str, object] | None = field(repr=False)
    caching: dict[str, Any] = field(default_factory=dict)


def read_change(body: dict[str, Any]) -> Given:
    """The body of `PATCH /elements/api-v2/instances/{id}`.

    `name`, `tags`, `configuration`, `cachingEnabled`, `maxCacheSize`, `cacheTimeToLive`; whatever
    else is in it is passed over: clients send back what they were shown.

    Raises:
        InvalidIntegration: naming each of them that has a wrong type.
    """
    name, tags, configuration = (body.get(key) for key in ("name", "tags", "configuration"))
    wrong = []
    if not isinstance(name, str | None):
        wrong.append(FieldError("name", "must be a text", "invalid_value"))
    if not isinstance(configuration, dict | None):
        wrong.append(FieldError("configuration", "must be an object", "invalid_value"))
    caching = without_nulls({key: body.get(key) for key in CACHING_ENTRIES})
    wrong += _wrong_tags(tags) + config_errors(caching, prefix="")
    if wrong:
        raise InvalidIntegration("the instance cannot be stored", fields=wrong)
    return Given(
        clean_name(name or "") or None,
        clean_tags(tags) if tags is not None else None,
        configuration,
        caching,
    )


def read_integration(body: dict[str, Any]) -> Wanted:
    """The body of `POST /api/integrations`.

    Raises:
        InvalidIntegration: naming every entry that is missing or wrong, by its name in this body.
    """
    platform, name = body.get("platform"), body.get("name")
    credentials = body.get("credentials")
    config = body.get("config", {})
    wrong = _wrong_texts({"platform": platform, "name": name})
    if isinstance(platform, str) and platform not in elements.PLATFORM_ELEMENTS:
        known = ", ".join(elements.PLATFORM_ELEMENTS)
        wrong.append(FieldError("platform", f"must be one of {known}", "unknown"))
    wrong += config_errors(config)
    names = CREDENTIAL_ENTRIES.get(str(platform), CREDENTIAL_ENTRIES["freshdesk"])
    given = credentials if isinstance(credentials, dict) else {}
    unknown = sorted(set(given) - set(names))
    wrong += [FieldError(f"credentials.{n}", "is not known", "unknown") for n in unknown]
    values: dict[str, object] = {entry: given.get(name) for name, entry in names.items()}
    element = elements.find(elements.PLATFORM_ELEMENTS.get(str(platform), "freshdeskv2"))
    shown: dict[str, str] = {}
    secret: dict[str, str] = {}
    try:
        shown, secret = elements.split(element, values)
    except InvalidConfiguration as error:
        back = {f"configuration.{entry}": f"credentials.{name}" for name, entry in names.items()}
        wrong += [FieldError(back[f.field], f.message, f.code) for f in error.fields]
    if wrong:
        raise InvalidIntegration("the integration cannot be created", fields=wrong)
    return Wanted(element, clean_name(str(name)), shown, secret, config=merged({}, config))


def credential_entries(element: Element, given: dict[str, Any]) -> dict[str, object]:
    """`{"api_key": …}` of a change to the element's entries.

    Raises:
        InvalidIntegration: a name that the element does not have.
    """
    legacy = element.key == "freshdesk"
    names = _LOGIN_ENTRIES if legacy else CREDENTIAL_ENTRIES[element.platform]
    if unknown := sorted(set(given) - set(names)):
        raise InvalidIntegration(
            "the integration cannot be changed",
            fields=[
                FieldError(f"credentials.{name}", "is not known", "unknown") for name in unknown
            ],
        )
    return {names[name]: value for name, value in given.items()}


def clean_name(name: str) -> str:
    """Without HTML: clients show names in pages."""
    return _TAG.sub("", name).strip()[:LONGEST_NAME]


def clean_tags(tags: Any) -> tuple[str, ...]:
    """Texts without HTML, empty ones left out, as the sample body's `[""]` means none.

    Raises:
        InvalidIntegration: not a list of texts.
    """
    if tags is None:
        return ()
    if wrong := _wrong_tags(tags):
        raise InvalidIntegration("the instance cannot be stored", fields=wrong)
    return tuple(clean for tag in tags if (clean := clean_name(tag)))


def _wrong_tags(tags: object) -> list[FieldError]:
    if tags is None or (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        return []
    return [FieldError("tags", "must be a list of texts", "invalid_value")]


def _wrong_texts(texts: dict[str, object]) -> list[FieldError]:
    return [
        FieldError(path, "a text is required", "missing")
        for path, value in texts.items()
        if not isinstance(value, str) or not clean_name(value)
    ]
