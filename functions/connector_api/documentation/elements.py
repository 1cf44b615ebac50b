"""Documents /elements/api-v2/elements and /hubs: what can be connected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Family, Operation
from freshbridge.instances import elements


def one_of(element: elements.Element, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """JSON Schema for entries of which one has to be there; `names` is what a body calls them."""
    if not element.one_of:
        return {}
    return {"anyOf": [{"required": [(names or {}).get(key, key)]} for key in element.one_of]}


class ElementInList(BaseModel):
    """An element without its texts."""

    id: int
    name: str
    hookName: str  # noqa: N815 - the wire's name
    key: str
    image: str
    active: bool
    deleted: bool
    hub: str


class Authentication(BaseModel):
    """How the provider knows its callers."""

    type: str


class Element(ElementInList):
    """What can be connected."""

    description: str
    typeOauth: bool  # noqa: N815 - the wire's name
    trialAccount: bool  # noqa: N815 - the wire's name
    resources: list[Any]
    transformationsEnabled: bool  # noqa: N815 - the wire's name
    bulkDownloadEnabled: bool  # noqa: N815 - the wire's name
    bulkUploadEnabled: bool  # noqa: N815 - the wire's name
    cloneable: bool
    extendable: bool
    beta: bool
    authentication: Authentication
    extended: bool
    protocolType: str  # noqa: N815 - the wire's name
    parameters: list[dict[str, Any]]


class Entry(BaseModel):
    """A configuration entry of an element."""

    key: str
    name: str
    description: str
    type: str
    required: bool
    active: bool
    hideFromConsole: bool  # noqa: N815 - the wire's name
    defaultValue: str | None  # noqa: N815 - the wire's name


class ConfigurationEntry(Entry):
    """A configuration entry of an instance."""

    id: int
    propertyValue: str = Field(description="Eight stars for what is secret")  # noqa: N815 - the wire's name


class ElementName(BaseModel):
    """An element's key and name."""

    key: str
    name: str


class Hub(BaseModel):
    """A kind of elements."""

    key: str
    name: str
    active: bool


FAMILY = Family(
    "Elements",
    "What can be connected, and the configuration entries that it takes.",
    {
        "list_elements": Operation(list[Element], wrapped=False),
        "list_element_keys": Operation(list[ElementName], wrapped=False),
        "get_element": Operation(Element, wrapped=False),
        "element_configuration": Operation(list[Entry], wrapped=False),
        "list_hubs": Operation(list[Hub], wrapped=False),
        "list_elements_of_hub": Operation(list[Element], wrapped=False),
    },
)
