"""Changing the forms: as the vendor's JavaScript SDK and the Freshdesk MCP servers do it."""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator

ADMIN = "/admin/ticket_fields"


async def made(simulator: RunningSimulator, path: str = ADMIN, **fields: Any) -> dict[str, Any]:
    body = {"label": "Issue kind", "label_for_customers": "What is it?", "type": "custom_text"}
    answer = await simulator.post(path, body | fields)
    assert answer.status == 201, answer.content
    assert answer.headers["Location"].endswith(f"{path}/{answer.body['id']}")
    found: dict[str, Any] = answer.body
    return found


async def test_a_new_ticket_field_is_taken_and_shown_at_once(simulator: RunningSimulator) -> None:
    old = await simulator.ticket()
    unknown: dict[str, Any] = {"email": "a@b.example", "subject": "s", "description": "d"}
    unknown |= {"custom_fields": {"cf_issue_kind": "Late"}}
    assert (await simulator.post("/tickets", unknown)).status == 400
    field = await made(simulator)
    assert (field["name"], field["default"]) == ("cf_issue_kind", False)
    assert field["label_for_customers"] == "What is it?"
    listed = (await simulator.get("/ticket_fields")).body
    assert listed[-1]["name"] == "cf_issue_kind"
    new = await simulator.ticket(custom_fields={"cf_issue_kind": "Late"})
    assert new["custom_fields"]["cf_issue_kind"] == "Late"
    shown = (await simulator.get(f"/tickets/{old['id']}")).body
    assert shown["custom_fields"]["cf_issue_kind"] is None
    found = await simulator.get("/search/tickets", query="\"cf_issue_kind:'Late'\"")
    assert [one["id"] for one in found.body["results"]] == [new["id"]]


async def test_two_fields_of_one_label_have_two_names(simulator: RunningSimulator) -> None:
    first, second = await made(simulator), await made(simulator)
    assert first["name"] == "cf_issue_kind"
    assert second["name"].startswith("cf_issue_kind_")


async def test_choices_keep_their_ids_when_others_go(simulator: RunningSimulator) -> None:
    choices = [{"value": one, "position": at} for at, one in enumerate("ABC", start=1)]
    field = await made(simulator, type="custom_dropdown", choices=choices)
    ids = {one["value"]: one["id"] for one in field["choices"]}
    assert list(ids) == ["A", "B", "C"]
    change = [{"id": ids["A"], "deleted": True}, {"id": ids["B"], "value": "Bee"}, {"value": "D"}]
    changed = await simulator.put(f"{ADMIN}/{field['id']}", {"choices": change})
    now = {one["value"]: one["id"] for one in changed.body["choices"]}
    assert list(now) == ["Bee", "C", "D"]
    assert (now["Bee"], now["C"]) == (ids["B"], ids["C"])
    assert now["D"] not in ids.values()
    agents_view = (await simulator.get("/ticket_fields")).body[-1]
    assert agents_view["choices"] == ["Bee", "C", "D"]
    ticket = await simulator.ticket(custom_fields={field["name"]: "D"})
    refused = await simulator.put(
        f"/tickets/{ticket['id']}", {"custom_fields": {field["name"]: "A"}}
    )
    assert refused.errors[0]["message"] == "It should be one of these values: 'Bee,C,D'"


@pytest.mark.parametrize(
    ("body", "offence"),
    [
        ({"label": "L", "type": "custom_text"}, ("label_for_customers", "missing_field")),
        ({"label": "L", "label_for_customers": "L"}, ("type", "missing_field")),
        ({"label": "L", "label_for_customers": "L", "type": "text"}, ("type", "invalid_value")),
        (
            {"label": "L", "label_for_customers": "L", "type": "custom_dropdown"},
            ("choices", "missing_field"),
        ),
        (
            {
                "label": "L", "label_for_customers": "L", "type": "custom_text",
                "choices": [{"value": "A"}],
            },
            ("choices", "invalid_field"),
        ),
        (
            {
                "label": "L", "label_for_customers": "L", "type": "custom_dropdown",
                "choices": [{"position": 1}],
            },
            ("choices.value", "missing_field"),
        ),
        (
            {
                "label": "L", "label_for_customers": "L", "type": "custom_dropdown",
                "choices": [{"id": 5, "value": "A"}],
            },
            ("choices.id", "invalid_value"),
        ),
    ],
    ids=["no label", "no type", "type", "no choices", "choices", "empty choice", "unknown choice"],
)  # fmt: skip
@pytest.mark.parametrize("path", [ADMIN, "/contact_fields"], ids=["ticket", "contact"])
async def test_a_field_that_cannot_be_is_refused(
    simulator: RunningSimulator, path: str, body: dict[str, Any], offence: tuple[str, str]
) -> None:
    before = len((await simulator.get(path)).body)
    answer = await simulator.post(path, body)
    assert [(one["field"], one["code"]) for one in answer.errors] == [offence]
    assert len((await simulator.get(path)).body) == before


async def test_a_field_is_renamed_moved_and_removed(simulator: RunningSimulator) -> None:
    field = await made(simulator)
    ticket = await simulator.ticket(custom_fields={field["name"]: "x"})
    body = {"label": "Kind", "position": 1, "required_for_agents": True}
    changed = await simulator.put(f"{ADMIN}/{field['id']}", body)
    assert (changed.body["label"], changed.body["position"]) == ("Kind", 1)
    listed = (await simulator.get("/ticket_fields")).body
    assert listed[0]["id"] == field["id"]
    assert [one["position"] for one in listed] == list(range(1, len(listed) + 1))
    refused = await simulator.post(
        "/tickets", {"email": "a@b.example", "subject": "s", "description": "d"}
    )
    assert refused.errors[0]["field"] == "custom_fields.cf_issue_kind"
    assert (await simulator.put(f"{ADMIN}/{field['id']}", {"type": "custom_date"})).status == 400
    assert (await simulator.put(f"{ADMIN}/{field['id']}", {"choices": []})).status == 400

    assert (await simulator.delete(f"{ADMIN}/{field['id']}")).status == 204
    for answer in (
        await simulator.delete(f"{ADMIN}/{field['id']}"),
        await simulator.put(f"{ADMIN}/{field['id']}", {}),
    ):
        assert (answer.status, answer.content) == (404, b"")
    shown = (await simulator.get(f"/tickets/{ticket['id']}")).body
    assert "cf_issue_kind" not in shown["custom_fields"]


async def test_a_default_field_stays(simulator: RunningSimulator) -> None:
    field = (await simulator.get(ADMIN)).body[0]
    assert (await simulator.delete(f"{ADMIN}/{field['id']}")).status == 400
    contact = (await simulator.get("/contact_fields")).body[0]
    assert (await simulator.delete(f"/contact_fields/{contact['id']}")).status == 400
    changed = await simulator.put(f"{ADMIN}/{field['id']}", {"label": "Who"})
    assert changed.body["label"] == "Who"


async def test_sections_hang_on_choices(simulator: RunningSimulator) -> None:
    parent = await made(
        simulator, type="custom_dropdown", choices=[{"value": "A"}, {"value": "B"}]
    )  # fmt: skip
    held = await made(simulator, label="Serial")
    path = f"{ADMIN}/{parent['id']}/sections"
    assert (await simulator.get(path)).body == {"sections": []}
    choice = parent["choices"][0]["id"]
    body = {"label": "For A", "choice_ids": [choice], "ticket_field_ids": [held["id"]]}
    section = await simulator.post(path, body)
    assert section.status == 201
    assert section.headers["Location"].endswith(f"{path}/{section.body['id']}")
    assert section.body == {
        **body, "id": section.body["id"], "parent_ticket_field_id": parent["id"], "is_fsm": False,
    }  # fmt: skip
    own = f"{path}/{section.body['id']}"
    assert (await simulator.get(path)).body == {"sections": [section.body]}
    assert (await simulator.get(own)).body == section.body
    shown = (await simulator.get(f"{ADMIN}/{parent['id']}", include="section")).body
    assert (shown["has_section"], shown["sections"]) == (True, [section.body])
    assert "sections" not in (await simulator.get(f"{ADMIN}/{parent['id']}")).body
    mapped = (await simulator.get(f"{ADMIN}/{held['id']}")).body["section_mappings"]
    assert mapped == [{"section_id": section.body["id"], "position": 1}]
    renamed = await simulator.put(own, {"label": "For A only"})
    assert (renamed.status, renamed.body["label"]) == (200, "For A only")

    for wrong in (
        {"label": "x"},
        {"label": "x", "choice_ids": [7]},
        {"label": "x", "choice_ids": [choice], "ticket_field_ids": [7]},
    ):
        assert (await simulator.post(path, wrong)).status == 400
    other = await simulator.post(f"{ADMIN}/{held['id']}/sections", {"label": "x", "choice_ids": []})
    assert [one["field"] for one in other.errors] == ["id"]
    assert (
        await simulator.get(f"{ADMIN}/{held['id']}/sections/{section.body['id']}")
    ).status == 404

    await simulator.delete(f"{ADMIN}/{held['id']}")
    assert (await simulator.get(own)).body["ticket_field_ids"] == []
    assert (await simulator.delete(own)).status == 204
    assert (await simulator.get(own)).status == 404
    await simulator.post(path, {"label": "Again", "choice_ids": [choice]})
    await simulator.delete(f"{ADMIN}/{parent['id']}")
    assert (await simulator.get(path)).status == 404


async def test_a_contacts_field_comes_changes_and_goes(simulator: RunningSimulator) -> None:
    field = await made(simulator, "/contact_fields", label="Shoe size!", type="custom_number")
    assert (field["name"], field["displayed_for_customers"]) == ("shoe_size", True)
    body = {"name": "Ann", "email": "ann@a.example", "custom_fields": {"shoe_size": 42}}
    contact = (await simulator.post("/contacts", body)).body
    assert contact["custom_fields"]["shoe_size"] == 42
    change = {"label": "Size", "customers_can_edit": False}
    changed = await simulator.put(f"/contact_fields/{field['id']}", change)
    assert (changed.body["label"], changed.body["customers_can_edit"]) == ("Size", False)
    assert (await simulator.put(f"/contact_fields/{field['id']}", {"choices": []})).status == 400
    assert (await simulator.delete(f"/contact_field/{field['id']}")).status == 204
    assert (await simulator.get(f"/contact_fields/{field['id']}")).status == 404
    shown = (await simulator.get(f"/contacts/{contact['id']}")).body
    assert "shoe_size" not in shown["custom_fields"]


async def test_a_companys_dropdown_keeps_its_choices_ids(simulator: RunningSimulator) -> None:
    choices = [{"value": "North"}, {"value": "South"}]
    field = await made(
        simulator, "/company_fields", label="Zone", type="custom_dropdown", choices=choices
    )  # fmt: skip
    assert "label_for_customers" not in field
    north, south = field["choices"]
    change = [{"id": north["id"], "value": "Nord"}, {"id": south["id"], "deleted": True}]
    path = f"/company_fields/{field['id']}"
    changed = await simulator.put(path, {"choices": [*change, {"value": "East"}]})
    assert [(one["value"], one["position"]) for one in changed.body["choices"]] == [
        ("Nord", 1), ("East", 2),
    ]  # fmt: skip
    assert changed.body["choices"][0]["id"] == north["id"]
    company = {"name": "Acorn", "custom_fields": {"zone": "East"}}
    assert (await simulator.post("/companies", company)).body["custom_fields"]["zone"] == "East"
    south_again = {"name": "Beech", "custom_fields": {"zone": "South"}}
    assert (await simulator.post("/companies", south_again)).status == 400
    assert (await simulator.put(path, {"choices": [{"id": 7}]})).status == 400
    assert (await simulator.put(path, {"choices": [{"position": 1}]})).status == 400


@pytest.mark.parametrize("path", ["/contact_fields", "/company_fields"])
async def test_people_fields_take_pages(simulator: RunningSimulator, path: str) -> None:
    whole = (await simulator.get(path)).body
    first = await simulator.get(path, per_page=10)
    assert first.body == whole[:10]
    assert 'rel="next"' in first.headers["link"]
    assert (await simulator.get(path, per_page=10, page=3)).body == []


@pytest.mark.parametrize(
    "path", ["/admin/ticket_fields/7", "/admin/groups/7", "/contact_fields/7", "/company_fields/7"]
)
async def test_a_definition_that_is_not_there(simulator: RunningSimulator, path: str) -> None:
    answers = [await simulator.get(path)]
    if "groups" not in path:
        answers += [await simulator.put(path, {}), await simulator.delete(path)]
    assert [(one.status, one.content) for one in answers] == [(404, b"")] * len(answers)


async def test_removing_a_field_leaves_sections_of_others(simulator: RunningSimulator) -> None:
    parent = await made(simulator, type="custom_dropdown", choices=[{"value": "A"}])
    other = await made(simulator, label="Other")
    path = f"{ADMIN}/{parent['id']}/sections"
    body = {"label": "For A", "choice_ids": [parent["choices"][0]["id"]]}
    section = (await simulator.post(path, body)).body
    assert (await simulator.delete(f"{ADMIN}/{other['id']}")).status == 204
    assert (await simulator.get(path)).body == {"sections": [section]}
