"""How an instance is shown: as an instance of Open Connectors, or as an integration.

Pure. Keys, order and types are those that the documentation of Open Connectors prints, so that its
clients read them. What is secret is shown as eight stars, the API key of Freshdesk V2 included,
which the original showed in clear.
"""

from __future__ import annotations

from typing import Any

from freshbridge.instances import elements, trace
from freshbridge.instances.config import caching_entries
from freshbridge.instances.elements import MASK, Element, Entry
from freshbridge.instances.model import Instance

_LEGACY_PARAMETER = {
    "id": 38,
    "createdDate": "2015-04-08T19:53:48Z",
    "name": "subdomain",
    "vendorName": "subdomain",
    "type": "configuration",
    "vendorType": "path",
    "source": "request",
    "elementId": 130,
    "required": False,
}


def instance_view(instance: Instance, *, now: float, token: str = MASK) -> dict[str, Any]:
    """An instance of Open Connectors as it is `now`, in seconds since the epoch.

    `token` is given in the answer to its creation only.
    """
    element = elements.find(instance.element)
    caching = caching_entries(instance.config)
    return {
        "id": int(instance.instance_id),
        "name": instance.name,
        "createdDate": instance.created_at,
        "token": token,
        "element": element_view(element),
        "elementId": element.id,
        "tags": list(instance.tags),
        "provisionInteractions": [],
        "valid": instance.valid,
        "disabled": instance.disabled,
        "maxCacheSize": caching["maxCacheSize"],
        "cacheTimeToLive": caching["cacheTimeToLive"],
        "configuration": configuration_view(instance),
        "eventsEnabled": instance.configuration.get("event.notification.enabled") == "true",
        "traceLoggingEnabled": trace.is_on(instance, now),
        "cachingEnabled": caching["cachingEnabled"],
        "externalAuthentication": "none",
        "user": {
            "id": instance.user_id,
            "emailAddress": "",
            "firstName": "",
            "lastName": "",
        },
    }


def abridged_view(instance: Instance, *, now: float) -> dict[str, Any]:
    """An item of a list: the element without its texts."""
    shown = instance_view(instance, now=now)
    kept = ("id", "name", "hookName", "key", "image", "active", "deleted", "hub")
    return shown | {"element": {name: shown["element"][name] for name in kept}}


def element_view(element: Element) -> dict[str, Any]:
    """An element as it stands inside an instance and in the catalogue."""
    return {
        "id": element.id,
        "name": element.name,
        "hookName": element.hook_name,
        "key": element.key,
        "description": element.description,
        "image": element.image,
        "active": True,
        "deleted": False,
        "typeOauth": False,
        "trialAccount": False,
        "resources": [],
        "transformationsEnabled": True,
        "bulkDownloadEnabled": True,
        "bulkUploadEnabled": True,
        "cloneable": True,
        "extendable": True,
        "beta": element.beta,
        "authentication": {"type": element.authentication},
        "extended": False,
        "hub": element.hub,
        "protocolType": "http",
        "parameters": [_LEGACY_PARAMETER] if element.id == 130 else [],
    }


def configuration_view(instance: Instance) -> dict[str, str]:
    """All entries, the secret ones masked."""
    shown = dict(instance.configuration)
    if instance.element == "freshdesk":
        # The older element's answers carry these; clients of that time read them.
        shown = {
            "base.url": "https://{subdomain}.freshdesk.com",
            "pagination.max": "30",
            "pagination.offset": "false",
        } | shown
    return shown | dict.fromkeys(instance.secret_entries, MASK)


def entries_view(instance: Instance) -> list[dict[str, Any]]:
    """The configuration as a list of entries, in the element's order."""
    element = elements.find(instance.element)
    values = configuration_view(instance)
    known = [entry.key for entry in element.entries]
    keys = [*known, *sorted(set(values) - set(known))]
    return [
        {
            "id": entry_id(position),
            **entry_view(element.entry(key)),
            "propertyValue": values[key],
        }
        for position, key in enumerate(keys)
        if key in values
    ]


def entry_id(position: int) -> int:
    """The id of an entry: its place among the element's entries, counted from 1."""
    return position + 1


def entry_view(entry: Entry) -> dict[str, Any]:
    """One entry of an element's configuration."""
    return {
        "key": entry.key,
        "name": entry.name,
        "description": entry.description,
        "type": "PASSWORD" if entry.secret else entry.type,
        "required": entry.required,
        "active": True,
        "hideFromConsole": False,
        "defaultValue": entry.default,
    }


def integration_view(instance: Instance) -> dict[str, Any]:
    """An integration, without its secrets."""
    return {
        "id": int(instance.instance_id),
        "platform": instance.platform,
        "element": instance.element,
        "name": instance.name,
        "domain": instance.host,
        "tags": list(instance.tags),
        "valid": instance.valid,
        "disabled": instance.disabled,
        "credentials": dict.fromkeys(instance.secret_entries, MASK),
        "config": instance.config,
        "created_at": instance.created_at,
    }
