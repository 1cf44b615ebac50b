"""/elements/api-v2: the same instances in the words of Open Connectors.

A client written for Open Connectors works here with its host changed: paths, bodies, statuses
(200 also for a creation) and error shape are those. What is secret is masked everywhere, and the
token is shown by the creation only.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, plain
from freshbridge.errors import FieldError, NotFound
from freshbridge.instances import elements, request, token, view
from freshbridge.instances.change import Change
from freshbridge.instances.config import CACHING_ENTRIES
from freshbridge.instances.listing import select
from freshbridge.instances.model import Instance
from freshbridge.instances.request import InvalidIntegration
from freshbridge.page_request import read_hydrate

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/instances")
def create() -> Response[str]:
    """Connect an account; the token is shown in this answer only."""
    return _created(request.read_instance(json_body(router.current_event)))


@router.post("/elements/<element>/instances")
def create_of_element(element: str) -> Response[str]:
    """Connect an account of the element in the path."""
    return _created(request.read_instance(json_body(router.current_event), element))


@router.get("/instances")
def list_all() -> Response[str]:
    """Instances by tags[] (all of them) and searchText, a page at a time; 404 for none."""
    return _listed(None)


@router.get("/elements/<element>/instances")
def list_of_element(element: str) -> Response[str]:
    """One element's instances, by tags[] and searchText, a page at a time."""
    return _listed(elements.find(element).key)


@router.get("/instances/<instance_id>")
def get(instance_id: str) -> Response[str]:
    """One instance."""
    return plain(_shown(ports().registry.get(instance_id)))


@router.get("/elements/<element>/instances/<instance_id>")
def get_of_element(element: str, instance_id: str) -> Response[str]:
    """One instance of the element; 404 for an instance of another."""
    return plain(_shown(_of_element(element, instance_id)))


@router.route("/instances/<instance_id>", method=["PATCH", "PUT"])
def change(instance_id: str) -> Response[str]:
    """PATCH changes what is given, PUT replaces name, tags and configuration."""
    return _changed(instance_id)


@router.route("/elements/<element>/instances/<instance_id>", method=["PATCH", "PUT"])
def change_of_element(element: str, instance_id: str) -> Response[str]:
    """Change an instance of the element; 404 for an instance of another."""
    return _changed(_of_element(element, instance_id).instance_id)


@router.route("/instances", method=["PATCH", "PUT"])
def change_by_token() -> Response[str]:
    """Change the instance whose Element token is shown, as by its id."""
    return _changed(by_token().instance_id)


@router.delete("/instances/<instance_id>")
def delete(instance_id: str) -> Response[str]:
    """Disconnect an account."""
    ports().provisioner.delete(instance_id)
    return plain({})


@router.delete("/elements/<element>/instances/<instance_id>")
def delete_of_element(element: str, instance_id: str) -> Response[str]:
    """Disconnect an account of the element; 404 for an instance of another."""
    ports().provisioner.delete(_of_element(element, instance_id).instance_id)
    return plain({})


@router.delete("/instances")
def delete_by_token() -> Response[str]:
    """Disconnect the account whose Element token is shown."""
    ports().provisioner.delete(by_token().instance_id)
    return plain({})


@router.route("/instances/<instance_id>/enabled", method=["PUT", "DELETE"])
def enable(instance_id: str) -> Response[str]:
    """PUT enables an instance, DELETE disables it."""
    return _enabled(instance_id)


@router.route("/instances/enabled", method=["PUT", "DELETE"])
def enable_by_token() -> Response[str]:
    """Enable or disable the instance whose Element token is shown."""
    return _enabled(by_token().instance_id)


@router.get("/instances/<instance_id>/configuration")
def configuration(instance_id: str) -> Response[str]:
    """An instance's configuration, as a list of entries."""
    return plain(view.entries_view(ports().registry.get(instance_id)))


@router.get("/instances/configuration")
def configuration_by_token() -> Response[str]:
    """The configuration of the instance whose Element token is shown."""
    return plain(view.entries_view(by_token()))


@router.get("/instances/<instance_id>/configuration/<entry>")
def configuration_entry(instance_id: str, entry: str) -> Response[str]:
    """One entry of the configuration, by its id."""
    return plain(_entry(ports().registry.get(instance_id), entry))


@router.get("/instances/configuration/<entry>")
def configuration_entry_by_token(entry: str) -> Response[str]:
    """One entry of the instance whose Element token is shown."""
    return plain(_entry(by_token(), entry))


@router.patch("/instances/<instance_id>/configuration/<entry>")
def change_configuration_entry(instance_id: str, entry: str) -> Response[str]:
    """Change one entry, `{"propertyValue": …}`; takes effect with the next call."""
    return _entry_changed(ports().registry.get(instance_id), entry)


@router.patch("/instances/configuration/<entry>")
def change_configuration_entry_by_token(entry: str) -> Response[str]:
    """Change one entry of the instance whose Element token is shown."""
    return _entry_changed(by_token(), entry)


@router.get("/elements")
def list_elements() -> Response[str]:
    """What can be connected."""
    return plain([view.element_view(element) for element in elements.ELEMENTS])


@router.get("/elements/keys")
def list_element_keys() -> Response[str]:
    """The keys and names of what can be connected."""
    return plain([{"key": found.key, "name": found.name} for found in elements.ELEMENTS])


@router.get("/elements/<element>")
def get_element(element: str) -> Response[str]:
    """One element, by key or id."""
    return plain(view.element_view(elements.find(element)))


@router.get("/elements/<element>/configuration")
def element_configuration(element: str) -> Response[str]:
    """The entries that an instance of it has."""
    return plain([view.entry_view(entry) for entry in elements.find(element).entries])


@router.get("/hubs")
def list_hubs() -> Response[str]:
    """The kinds of elements."""
    hubs = sorted({element.hub for element in elements.ELEMENTS})
    return plain([{"key": hub, "name": hub.capitalize(), "active": True} for hub in hubs])


@router.get("/hubs/<hub>/elements")
def list_elements_of_hub(hub: str) -> Response[str]:
    """The elements of one kind."""
    found = [view.element_view(element) for element in elements.ELEMENTS if element.hub == hub]
    if not found:
        raise NotFound(f"no hub {hub[:64]}", advice="GET /hubs lists them.")
    return plain(found)


def _created(wanted: request.Wanted) -> Response[str]:
    made = ports().provisioner.create(wanted, user_id=router.context.get("user_id", 1))
    return plain(view.instance_view(made.instance, now=time.time(), token=made.token))


def _changed(instance_id: str) -> Response[str]:
    event = router.current_event
    given = request.read_change(json_body(event))
    replaces = event.http_method == "PUT"
    change = Change(
        name=given.name,
        tags=given.tags or () if replaces else given.tags,
        values=given.configuration,
        config=dict(CACHING_ENTRIES) | given.caching if replaces else given.caching or None,
        replace_all=replaces,
    )
    return plain(_shown(ports().provisioner.change(instance_id, change)))


def _enabled(instance_id: str) -> Response[str]:
    disabled = router.current_event.http_method == "DELETE"
    ports().registry.change(instance_id, lambda held: replace(held, disabled=disabled))
    return plain({})


def _listed(element_key: str | None) -> Response[str]:
    event = router.current_event
    single = event.query_string_parameters or {}
    several = event.multi_value_query_string_parameters or {}
    page = select(
        ports().registry.all(),
        element=element_key,
        tags=[*several.get("tags[]", []), *several.get("tags", [])],
        search_text=single.get("searchText", ""),
        page_size=single.get("pageSize"),
        next_page=single.get("nextPage"),
    )
    headers = {
        "Elements-Returned-Count": str(len(page.instances)),
        "Elements-Total-Count": str(page.total),
    }
    if page.next_page:
        headers["Elements-Next-Page-Token"] = page.next_page
    hydrated = read_hydrate(single.get("hydrate"), usual=True)
    shown = view.instance_view if hydrated else view.abridged_view
    now = time.time()
    return plain([shown(found, now=now) for found in page.instances], headers)


def by_token() -> Instance:
    """The instance whose Element token is shown.

    Raises:
        TokenRefused: there is none, or it is wrong.
    """
    shown = router.context.get("element_token", "")
    try:
        instance = ports().registry.get(token.instance_of(shown))
    except NotFound:
        # A deleted instance's token is as wrong as one that never was.
        raise token.TokenRefused("the Element token is missing or wrong") from None
    token.check(shown, instance, now=time.time())
    return instance


def _shown(instance: Instance) -> dict[str, Any]:
    return view.instance_view(instance, now=time.time())


def _entry(instance: Instance, entry: str) -> dict[str, Any]:
    for found in view.entries_view(instance):
        if entry in (str(found["id"]), found["key"]):
            return found
    raise NotFound(f"no configuration entry {entry[:64]}")


def _entry_changed(instance: Instance, entry: str) -> Response[str]:
    body = json_body(router.current_event)
    if body.get("propertyValue") is None:
        raise InvalidIntegration(
            "the entry cannot be changed",
            fields=[FieldError("propertyValue", "is required", "missing_field")],
        )
    key = _entry(instance, entry)["key"]
    change = Change(values={key: body["propertyValue"]})
    return plain(_entry(ports().provisioner.change(instance.instance_id, change), key))


def _of_element(element: str, instance_id: str) -> Instance:
    instance = ports().registry.get(instance_id)
    if instance.element != elements.find(element).key:
        raise NotFound(f"no instance {instance_id[:64]} of this element")
    return instance
