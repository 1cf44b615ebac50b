"""/elements/api-v2: the same instances in the words of Open Connectors.

A client written for Open Connectors works here with its host changed: paths, bodies, statuses
(200 also for a creation) and error shape are those. What is secret is masked everywhere, and the
token is shown by the creation only.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body
from freshbridge.errors import FieldError, NotFound
from freshbridge.instances import elements, request, token, view
from freshbridge.instances.listing import select
from freshbridge.instances.model import Instance
from freshbridge.instances.provision import Change
from freshbridge.instances.request import InvalidIntegration

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/instances")
def create() -> Response[str]:
    """Connect an account; the token is shown in this answer only."""
    return _created(request.read_instance(json_body(router.current_event)))


@router.post("/elements/<element>/instances")
def create_of_element(element: str) -> Response[str]:
    """The same with the element in the path."""
    return _created(request.read_instance(json_body(router.current_event), element))


@router.get("/instances")
def list_all() -> Response[str]:
    """Instances by tags[] (all of them) and searchText, a page at a time; 404 for none."""
    return _listed(None)


@router.get("/elements/<element>/instances")
def list_of_element(element: str) -> Response[str]:
    """The same for one element."""
    return _listed(elements.find(element).key)


@router.get("/instances/<instance_id>")
def get(instance_id: str) -> Response[str]:
    """One instance."""
    return _json(view.instance_view(ports().registry.get(instance_id)))


@router.route("/instances/<instance_id>", method=["PATCH", "PUT"])
def change(instance_id: str) -> Response[str]:
    """PATCH changes what is given, PUT replaces name, tags and configuration."""
    return _changed(instance_id)


@router.route("/instances", method=["PATCH", "PUT"])
def change_by_token() -> Response[str]:
    """The same for the instance whose Element token is shown."""
    return _changed(_by_token().instance_id)


@router.delete("/instances/<instance_id>")
def delete(instance_id: str) -> Response[str]:
    """Disconnect."""
    ports().provisioner.delete(instance_id)
    return _json({})


@router.delete("/instances")
def delete_by_token() -> Response[str]:
    """The same for the instance whose Element token is shown."""
    ports().provisioner.delete(_by_token().instance_id)
    return _json({})


@router.route("/instances/<instance_id>/enabled", method=["PUT", "DELETE"])
def enable(instance_id: str) -> Response[str]:
    """PUT enables, DELETE disables."""
    return _enabled(instance_id)


@router.route("/instances/enabled", method=["PUT", "DELETE"])
def enable_by_token() -> Response[str]:
    """The same for the instance whose Element token is shown."""
    return _enabled(_by_token().instance_id)


@router.get("/instances/<instance_id>/configuration")
def configuration(instance_id: str) -> Response[str]:
    """The configuration as a list of entries."""
    return _json(view.entries_view(ports().registry.get(instance_id)))


@router.get("/instances/configuration")
def configuration_by_token() -> Response[str]:
    """The same for the instance whose Element token is shown."""
    return _json(view.entries_view(_by_token()))


@router.get("/instances/<instance_id>/configuration/<entry>")
def configuration_entry(instance_id: str, entry: str) -> Response[str]:
    """One entry, by its id."""
    return _json(_entry(ports().registry.get(instance_id), entry))


@router.patch("/instances/<instance_id>/configuration/<entry>")
def change_configuration_entry(instance_id: str, entry: str) -> Response[str]:
    """`{"propertyValue": …}`; takes effect with the next call."""
    body = json_body(router.current_event)
    if "propertyValue" not in body:
        raise InvalidIntegration(
            "the entry cannot be changed",
            fields=[FieldError("propertyValue", "is required", "missing_field")],
        )
    key = _entry(ports().registry.get(instance_id), entry)["key"]
    values = {key: body["propertyValue"]}
    changed = ports().provisioner.change(instance_id, Change(values=values))
    return _json(_entry(changed, entry))


@router.get("/elements")
def list_elements() -> Response[str]:
    """What can be connected."""
    return _json([view.element_view(element) for element in elements.ELEMENTS])


@router.get("/elements/keys")
def list_element_keys() -> Response[str]:
    """Their keys and names."""
    return _json([{"key": found.key, "name": found.name} for found in elements.ELEMENTS])


@router.get("/elements/<element>")
def get_element(element: str) -> Response[str]:
    """One element, by key or id."""
    return _json(view.element_view(elements.find(element)))


@router.get("/elements/<element>/configuration")
def element_configuration(element: str) -> Response[str]:
    """The entries that an instance of it has."""
    return _json([view.entry_view(entry) for entry in elements.find(element).entries])


@router.get("/hubs")
def list_hubs() -> Response[str]:
    """The kinds of elements."""
    hubs = sorted({element.hub for element in elements.ELEMENTS})
    return _json([{"key": hub, "name": hub.capitalize(), "active": True} for hub in hubs])


@router.get("/hubs/<hub>/elements")
def list_elements_of_hub(hub: str) -> Response[str]:
    """The elements of one kind."""
    found = [view.element_view(element) for element in elements.ELEMENTS if element.hub == hub]
    if not found:
        raise NotFound(f"no hub {hub[:64]}", advice="GET /hubs lists them.")
    return _json(found)


def _created(wanted: request.Wanted) -> Response[str]:
    made = ports().provisioner.create(wanted, user_id=router.context.get("user_id", 1))
    return _json(view.instance_view(made.instance, token=made.token))


def _changed(instance_id: str) -> Response[str]:
    body, event = json_body(router.current_event), router.current_event
    name, values = body.get("name"), body.get("configuration")
    if values is not None and not isinstance(values, dict):
        raise InvalidIntegration(
            "the instance cannot be changed",
            fields=[FieldError("configuration", "must be an object", "invalid_value")],
        )
    replaces = event.http_method == "PUT"
    tags = request.clean_tags(body.get("tags")) if replaces or "tags" in body else None
    change = Change(
        name=request.clean_name(name) if isinstance(name, str) and name.strip() else None,
        tags=tags,
        values=values,
        replace_all=replaces,
    )
    return _json(view.instance_view(ports().provisioner.change(instance_id, change)))


def _enabled(instance_id: str) -> Response[str]:
    disabled = router.current_event.http_method == "DELETE"
    ports().registry.change(instance_id, lambda held: replace(held, disabled=disabled))
    return _json({})


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
    hydrated = single.get("hydrate", "true") != "false"
    shown = view.instance_view if hydrated else view.abridged_view
    return _json([shown(found) for found in page.instances], headers)


def _by_token() -> Instance:
    shown = router.context.get("element_token", "")
    try:
        instance = ports().registry.get(token.instance_of(shown))
    except NotFound:
        # A deleted instance's token is as wrong as one that never was.
        raise token.TokenRefused("the Element token is missing or wrong") from None
    token.check(shown, instance, now=time.time())
    return instance


def _entry(instance: Instance, entry: str) -> dict[str, Any]:
    for found in view.entries_view(instance):
        if entry in (str(found["id"]), found["key"]):
            return found
    raise NotFound(f"no configuration entry {entry[:64]}")


def _json(body: Any, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(
        status_code=200,
        content_type="application/json",
        body=json.dumps(body),
        headers=dict(headers or {}),
    )
