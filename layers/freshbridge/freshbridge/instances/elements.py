"""What can be connected: each element with its configuration entries.

Pure. An element is what Open Connectors calls a connector; its key, id, texts and flags are those
that clients written for it expect. An entry that is `secret` is kept in the vault and never shown
again, whatever its type: the original showed a Freshdesk V2 API key, since it travels as
`username`. An entry that no element knows is a secret when its name says so: a client that sends
`password` along must not find it in a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from freshbridge.errors import FieldError, InvalidRequest, NotFound

EntryType = Literal[
    "TEXTFIELD_128", "TEXTFIELD_1000", "TEXTAREA", "BOOLEAN", "BOOLEAN_YESNO", "PASSWORD"
]
MASK = "********"
"""Stands for a secret in what is shown; sent back, it means the secret that is kept."""
LONGEST_VALUE = 10_000
"""Characters; Secrets Manager and DynamoDB would refuse more as an error of this program's."""
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")
_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|authorization|signature|(api|access|private)[._-]?key",
    re.IGNORECASE,
)


class UnknownElement(NotFound):
    """No element has this key or id."""

    code = "unknown_element"


@dataclass(frozen=True)
class Entry:
    """One configuration entry. All values are texts, as clients of Open Connectors expect."""

    key: str
    name: str
    description: str = ""
    type: EntryType = "TEXTFIELD_1000"
    required: bool = False
    secret: bool = False
    default: str | None = None
    path_only: bool = False
    """A URL that ends with its path: what it asks for belongs to the single call."""

    def read(self, value: object) -> str:
        """A value as the text that is kept: `True` becomes "true", an object its JSON.

        Raises:
            ValueError: saying what is accepted.
        """
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str | int | float):
            text = str(value).strip()
        elif self.type == "TEXTAREA":
            text = json.dumps(value, ensure_ascii=False)
        else:
            raise ValueError("must be a text, a number or a boolean")
        if len(text) > LONGEST_VALUE:
            raise ValueError(f"is longer than {LONGEST_VALUE} characters")
        if self.path_only and ("?" in text or "#" in text):
            raise ValueError("has a query or a fragment: give a query with each call")
        if not self.type.startswith("BOOLEAN"):
            return text
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ValueError("must be true or false")
        return "true" if text.lower() in _TRUE else "false"


@dataclass(frozen=True)
class Element:
    """`platform` is the provider that its actions name; `authentication` as the original has it.

    Of the entries in `one_of` at least one has to be given, though none is required by itself.
    """

    id: int
    key: str
    name: str
    hook_name: str
    hub: str
    platform: str
    description: str
    image: str
    authentication: str
    entries: tuple[Entry, ...]
    beta: bool = False
    one_of: tuple[str, ...] = ()

    def entry(self, key: str) -> Entry:
        """The entry of this key; one that the element does not know is a text."""
        found = (entry for entry in self.entries if entry.key == key)
        return next(found, None) or Entry(key, key, secret=bool(_SECRET_NAME.search(key)))


EVENT_ENTRIES = (
    Entry("event.notification.enabled", "Enable Events", "Send events to the callback",
          "BOOLEAN", default="false"),
    Entry("event.vendor.type", "Event type", "polling or webhook"),
    Entry("event.notification.type", "Notification type", "webhook"),
    Entry("event.notification.callback.url", "Callback URL", "Where events are sent"),
    Entry("event.notification.callback.headers", "Callback headers", "Extra headers, as JSON",
          "TEXTAREA", secret=True),
    Entry("event.notification.basic.username", "Callback user", "For Basic authentication"),
    Entry("event.notification.basic.password", "Callback password", "", "PASSWORD", secret=True),
    Entry("event.notification.signature.key", "Callback Notification Signature Key",
          "Signs what is sent to the callback", "PASSWORD", secret=True),
    Entry("event.poller.refresh_interval", "Poller interval", "Minutes, 1 or more", default="15"),
    Entry("event.poller.configuration", "Poller configuration", "As JSON", "TEXTAREA"),
    Entry("event.poller.urls", "Objects to poll", "Names separated by |", "TEXTAREA"),
    Entry("event.metadata", "Event metadata", "", "TEXTAREA"),
    Entry("event.objects", "Chosen objects", "Names separated by commas"),
    Entry("event.enrich", "Fetch what events lack", "auto, always or never", default="auto"),
)  # fmt: skip
COMMON_ENTRIES = (
    Entry("filter.response.nulls", "Filter null values from the response", "",
          "BOOLEAN_YESNO", default="true"),
    Entry("pagination.max", "Records per page", ""),
    *EVENT_ENTRIES,
)  # fmt: skip
_HELPDESK = (
    "Connect your Freshdesk account to the Help Desk Hub: manage its incidents, contacts, "
    "companies and agents with the same calls as other help desks."
)
_SUBDOMAIN = Entry(
    "subdomain", "Subdomain", "Your account's name: acme for https://acme.freshdesk.com",
    "TEXTFIELD_128", required=True,
)  # fmt: skip

ELEMENTS = (
    Element(
        491, "freshdeskv2", "Freshdesk V2", "Freshdeskv2", "helpdesk", "freshdesk", _HELPDESK,
        "elements/provider_freshdesk.png", "basic",
        (
            _SUBDOMAIN,
            Entry("username", "API Key", "From the agent's profile settings", "PASSWORD",
                  required=True, secret=True),
            *COMMON_ENTRIES,
        ),
    ),
    Element(
        130, "freshdesk", "Freshdesk Beta", "Freshdesk", "helpdesk", "freshdesk", _HELPDESK,
        "elements/provider_freshdesk.png", "basic",
        (
            _SUBDOMAIN,
            Entry("username", "Username", "The agent's e-mail address", "TEXTFIELD_128",
                  required=True),
            Entry("password", "Password", "", "PASSWORD", required=True, secret=True),
            *COMMON_ENTRIES,
        ),
        beta=True,
    ),
    Element(
        9001, "freshsales", "Freshsales", "Freshsales", "crm", "freshsales",
        "Connect your Freshsales account: contacts, accounts and deals.",
        "elements/provider_freshsales.png", "custom",
        (
            Entry("domain", "Domain", "acme, acme.myfreshworks.com or acme.freshsales.io",
                  "TEXTFIELD_128", required=True),
            Entry("api_key", "API Key", "From the user's profile settings", "PASSWORD",
                  required=True, secret=True),
            *COMMON_ENTRIES,
        ),
    ),
    Element(
        9002, "slack", "Slack", "Slack", "messaging", "slack",
        "Post messages to a Slack workspace.", "elements/provider_slack.png", "custom",
        (
            Entry("bot_token", "Bot token", "Begins with xoxb-; posts to any channel of its app's",
                  "PASSWORD", secret=True),
            Entry("webhook_url", "Incoming webhook", "Its URL; posts to its own channel only",
                  "PASSWORD", secret=True),
            Entry("domain", "Domain", "slack-gov.com for GovSlack; else slack.com"),
        ),
        one_of=("bot_token", "webhook_url"),
    ),
    Element(
        9003, "http", "HTTP", "Http", "general", "http",
        "Call any HTTP API that the deployer has allowed.", "elements/provider_http.png", "custom",
        (
            Entry("base.url", "Base URL", "Its origin must be allowed by the deployer",
                  required=True, path_only=True),
            Entry("authorization", "Authorization header", "Sent as it is", "PASSWORD",
                  secret=True),
            Entry("signing.key", "Signing key", "Signs each request, in X-Freshbridge-Signature",
                  "PASSWORD", secret=True),
        ),
    ),
)  # fmt: skip
# A person who names a platform means its current element.
PLATFORM_ELEMENTS = {"freshdesk": "freshdeskv2", "freshsales": "freshsales", "slack": "slack",
                     "http": "http"}  # fmt: skip


class InvalidConfiguration(InvalidRequest):
    """Entries are missing or wrong; `fields` names all of them."""

    code = "invalid_configuration"


def find(key_or_id: str) -> Element:
    """Return the element of this key or id.

    Raises:
        UnknownElement: naming the keys that exist.
    """
    for element in ELEMENTS:
        if key_or_id in (element.key, str(element.id)):
            return element
    known = ", ".join(element.key for element in ELEMENTS)
    raise UnknownElement(f"no element {key_or_id[:64]}", advice=f"There are: {known}.")


def split(
    element: Element,
    values: dict[str, object],
    *,
    complete: bool = True,
    kept: Collection[str] = (),
) -> tuple[dict[str, str], dict[str, str]]:
    """Configuration values to (what is shown, what goes to the vault).

    Unknown keys are kept as texts: the original accepts them in silence, and clients rely on it.
    With `complete`, required entries must be there and defaults are filled in. `kept` names the
    secrets that the vault has: one of them may be given as `MASK`, which is returned as it is.

    Raises:
        InvalidConfiguration: naming every entry that is missing and every one that is wrong.
    """
    shown: dict[str, str] = {}
    secret: dict[str, str] = {}
    wrong: list[FieldError] = []
    for key, value in values.items():
        entry = element.entry(key)
        if value is None or (entry.secret and value == MASK and key not in kept):
            continue
        try:
            (secret if entry.secret else shown)[key] = entry.read(value)
        except ValueError as error:
            wrong.append(FieldError(f"configuration.{key}", str(error), "invalid_value"))
    told = {error.field for error in wrong}
    missing = _missing(element, shown | secret) if complete else []
    missing = [key for key in missing if f"configuration.{key}" not in told]
    if missing or wrong:
        wrong += [FieldError(f"configuration.{k}", _needed(element, k), "missing_field")
                  for k in missing]  # fmt: skip
        what = f"missing: {', '.join(missing)}" if missing else "entries are wrong"
        raise InvalidConfiguration(f"the configuration of {element.key}: {what}", fields=wrong)
    if complete:
        shown = _defaults(element) | shown
    return shown, secret


def _needed(element: Element, key: str) -> str:
    others = [other for other in element.one_of if other != key]
    return f"is required, or {' or '.join(others)}" if key in element.one_of else "is required"


def _missing(element: Element, given: dict[str, str]) -> list[str]:
    missing = [e.key for e in element.entries if e.required and not given.get(e.key)]
    if element.one_of and not any(given.get(key) for key in element.one_of):
        missing += element.one_of
    return missing


def _defaults(element: Element) -> dict[str, str]:
    return {e.key: e.default for e in element.entries if e.default is not None}
