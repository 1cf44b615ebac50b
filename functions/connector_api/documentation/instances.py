"""Documents /elements/api-v2/instances: bodies made from the elements' own entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from connector_api.documentation.elements import (
    ConfigurationEntry,
    Element,
    ElementInList,
    one_of,
)
from connector_api.documentation.operation import Body, Family, Nothing, Operation, Parameter
from freshbridge.instances import elements
from freshbridge.instances.config import LONGEST_AGE_S
from freshbridge.instances.listing import LARGEST_PAGE_SIZE, PAGE_SIZE

Value = str | int | float | bool
Caching = Annotated[
    bool, Field(description="Whether lists of agents, groups and fields may be kept ones")
]
CacheSize = Annotated[
    int, Field(ge=0, description="The most records that a kept list may have; 0 for any number")
]
CacheAge = Annotated[
    int, Field(ge=0, le=LONGEST_AGE_S, description="Seconds that a list is kept; 0 for 300")
]
Tags = Annotated[list[str], Field(description="To find the instance by; empty ones are left out")]


def _configuration(element: elements.Element) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for entry in element.entries:
        info = Field(
            ... if entry.required else entry.default,
            alias=entry.key,
            title=entry.name,
            description=entry.description,
            json_schema_extra={"format": "password"} if entry.secret else {},
        )
        value = Any if entry.type == "TEXTAREA" else Value | None
        fields[entry.key.replace(".", "_")] = (Value if entry.required else value, info)
    return create_model(
        f"{element.hook_name}Configuration",
        __config__=ConfigDict(extra="allow", json_schema_extra=one_of(element)),
        __doc__=f"The entries of {element.name}; all are kept as texts.",
        **fields,
    )


CONFIGURATIONS = {element.key: _configuration(element) for element in elements.ELEMENTS}


def _body(element: elements.Element, *, named: bool) -> type[BaseModel]:
    """The body that connects an account; `named` when it names its element."""
    fields: dict[str, Any] = {
        "configuration": CONFIGURATIONS[element.key],
        "tags": (Tags, []),
        "name": (str, Field(element.name, description="HTML is taken out of it")),
        "cachingEnabled": (Caching, False),
        "maxCacheSize": (CacheSize, 0),
        "cacheTimeToLive": (CacheAge, 0),
    }
    if named:
        key = (Literal[element.key], Field(description=f"Or the id, {element.id}, as `id`"))
        fields["element"] = create_model(f"{element.hook_name}Reference", key=key)
    return create_model(f"New{element.hook_name}{'Instance' if named else 'Account'}", **fields)


def _any_of(*, named: bool) -> Any:
    bodies = tuple(_body(element, named=named) for element in elements.ELEMENTS)
    return Union[bodies]  # noqa: UP007 - made from a list


class Owner(BaseModel):
    """Who connected the account."""

    id: int
    emailAddress: str  # noqa: N815 - the wire's name
    firstName: str  # noqa: N815 - the wire's name
    lastName: str  # noqa: N815 - the wire's name


class InstanceInList(BaseModel):
    """A connected account; what is secret is shown as eight stars."""

    id: int
    name: str
    createdDate: str  # noqa: N815 - the wire's name
    token: str = Field(description="In the answer to the creation only; eight stars elsewhere")
    element: ElementInList
    elementId: int  # noqa: N815 - the wire's name
    tags: list[str]
    provisionInteractions: list[Any]  # noqa: N815 - the wire's name
    valid: bool
    disabled: bool
    maxCacheSize: int  # noqa: N815 - the wire's name
    cacheTimeToLive: int  # noqa: N815 - the wire's name
    configuration: dict[str, str]
    eventsEnabled: bool  # noqa: N815 - the wire's name
    traceLoggingEnabled: bool  # noqa: N815 - the wire's name
    cachingEnabled: bool  # noqa: N815 - the wire's name
    externalAuthentication: str  # noqa: N815 - the wire's name
    user: Owner


class Instance(InstanceInList):
    """A connected account with all of its element."""

    element: Element


class InstanceChange(BaseModel):
    """PATCH leaves what is not given as it is; PUT replaces all of it."""

    name: str | None = None
    tags: Tags | None = None
    configuration: dict[str, Any] | None = None
    cachingEnabled: Caching | None = None  # noqa: N815 - the wire's name
    maxCacheSize: CacheSize | None = None  # noqa: N815 - the wire's name
    cacheTimeToLive: CacheAge | None = None  # noqa: N815 - the wire's name


class EntryChange(BaseModel):
    """The value that the entry takes with the next call."""

    propertyValue: Any  # noqa: N815 - the wire's name


_SAMPLE = {
    "configuration": {"subdomain": "cloudelements", "username": "xxxxxxxxxxxxxxxxxxxxx"},
    "tags": ["Docs"],
    "name": "API Instance",
}
_ALL_FIELDS = {
    "element": {"key": "freshdeskv2"},
    "configuration": {
        "subdomain": "<YOUR_SUBDOMAIN>",
        "username": "<YOUR_API_KEY>",
        "filter.response.nulls": True,
    },
    "tags": ["<Add_Your_Tag>"],
    "name": "<INSTANCE_NAME>",
}
_LEGACY = {
    "element": {"key": "freshdesk"},
    "configuration": {
        "username": "<INSERT_FRESHDESK_USERNAME>",
        "password": "<INSERT_FRESHDESK_PASSWORD>",
        "subdomain": "<INSERT_FRESHDESK_SUBDOMAIN_URL>",
    },
    "tags": ["<INSERT_TAGS>"],
    "name": "<INSERT_INSTANCE_NAME>",
}
_BY_ID = Body(
    _any_of(named=True),
    {
        "Freshdesk V2": {"element": {"key": "freshdeskv2"}} | _SAMPLE,
        "Freshdesk V2, to fill in": _ALL_FIELDS,
        "Freshdesk Beta": _LEGACY,
    },
)
_CHANGE = Body(InstanceChange, {"Another name": {"name": "API Instance", "tags": ["Docs"]}})
_SELECTION = (
    Parameter(
        "tags[]",
        "Instances that carry all of these",
        {"type": "array", "items": {"type": "string"}},
    ),
    Parameter("searchText", "A part of the name"),
    Parameter(
        "pageSize",
        "Instances on a page",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": PAGE_SIZE},
    ),
    Parameter("nextPage", "The answer before gave it as Elements-Next-Page-Token"),
    Parameter("hydrate", "false for shorter elements", {"type": "boolean", "default": True}),
)
_PAGE = {
    "Elements-Returned-Count": "Instances on this page",
    "Elements-Total-Count": "Instances on all pages",
    "Elements-Next-Page-Token": "For `nextPage`; not there on the last page",
}
_LIST = Operation(
    list[Instance | InstanceInList],
    wrapped=False,
    query=_SELECTION,
    headers=_PAGE,
    refusals=(404,),
)
_ENTRIES = list[ConfigurationEntry]

_CHANGED = Operation(Instance, wrapped=False, body=_CHANGE, refusals=(403, 409, 429, 502))
_ENTRY_CHANGED = Operation(
    ConfigurationEntry,
    wrapped=False,
    body=Body(EntryChange, {"Keep empty values": {"propertyValue": "false"}}),
    refusals=(403, 404, 409, 429, 502),
)
_ENTRY = Operation(ConfigurationEntry, wrapped=False, refusals=(404,))
_GONE = Operation(Nothing, wrapped=False)
_DELETED = replace(_GONE, refusals=(409,))
_CREATION = (403, 404, 429, 502)


def _by_token(operation: Operation) -> Operation:
    return replace(operation, security=("access_with_token",))


FAMILY = Family(
    "Instances",
    "The same accounts in the words of Open Connectors: its clients work here unchanged.",
    {
        "create": Operation(Instance, wrapped=False, body=_BY_ID, refusals=_CREATION),
        "create_of_element": Operation(
            Instance,
            wrapped=False,
            body=Body(_any_of(named=False), {"Freshdesk V2": _SAMPLE}),
            refusals=_CREATION,
        ),
        "list_all": _LIST,
        "list_of_element": _LIST,
        "get": Operation(Instance, wrapped=False),
        "get_of_element": Operation(Instance, wrapped=False),
        "change": _CHANGED,
        "change_of_element": _CHANGED,
        "change_by_token": _by_token(_CHANGED),
        "delete": _DELETED,
        "delete_of_element": _DELETED,
        "delete_by_token": _by_token(_DELETED),
        "enable": _GONE,
        "enable_by_token": _by_token(_GONE),
        "configuration": Operation(_ENTRIES, wrapped=False),
        "configuration_by_token": _by_token(Operation(_ENTRIES, wrapped=False)),
        "configuration_entry": _ENTRY,
        "configuration_entry_by_token": _by_token(_ENTRY),
        "change_configuration_entry": _ENTRY_CHANGED,
        "change_configuration_entry_by_token": _by_token(_ENTRY_CHANGED),
    },
)
