"""Every way a request can be refused before its family sees it, to the byte."""

import base64

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator, basic

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "authorization", [None, basic("wrong"), "Bearer demo-api-key-000000001", "Basic %%%", "Basic"]
)
async def test_missing_or_wrong_credentials_answer_401_and_still_cost_a_credit(
    simulator: RunningSimulator, authorization: str | None
) -> None:
    answer = await simulator.send(
        "GET", "/api/v2/agents/me", headers={"Authorization": authorization}
    )
    assert answer.status == 401
    assert answer.body == {
        "code": "invalid_credentials",
        "message": "You have to be logged in to perform this action.",
    }
    assert answer.headers["X-Ratelimit-Used-CurrentRequest"] == "1"


@pytest.mark.parametrize("password", ["X", "", "anything:at all"])
async def test_the_password_beside_a_key_is_not_looked_at(
    simulator: RunningSimulator, password: str
) -> None:
    credentials = base64.b64encode(f"demo-api-key-000000001:{password}".encode()).decode()
    answer = await simulator.send(
        "GET", "/api/v2/account", headers={"Authorization": f"Basic {credentials}"}
    )
    assert answer.status == 200


async def test_a_real_answer_names_the_api_version_and_a_request_id(
    simulator: RunningSimulator,
) -> None:
    first, second = await simulator.get("/account"), await simulator.get("/account")
    assert first.headers["X-Freshdesk-Api-Version"] == "latest=v2; requested=v2"
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/tickets/7", "/no/such/path", "/tickets/abc"])
async def test_unknown_ids_and_paths_answer_404_without_a_body(
    simulator: RunningSimulator, path: str
) -> None:
    answer = await simulator.get(path)
    assert (answer.status, answer.content) == (404, b"")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_a_path_outside_the_api_answers_404(simulator: RunningSimulator) -> None:
    answer = await simulator.send("GET", "/api/v1/tickets")
    assert (answer.status, answer.content) == (404, b"")


async def test_a_wrong_verb_answers_405_naming_the_right_ones(simulator: RunningSimulator) -> None:
    answer = await simulator.put("/account", {})
    assert answer.status == 405
    assert answer.body == {
        "message": "PUT method is not allowed. It should be one of these method(s): GET"
    }


async def test_a_plain_agent_is_refused_admin_calls(simulator: RunningSimulator) -> None:
    account = simulator.account
    plain = next(one for one in account.agents.values() if one["contact"]["name"] == "Bao Linh")
    account.api_keys["plain"] = plain["id"]
    answer = await simulator.send(
        "GET", "/api/v2/automations/1/rules", headers={"Authorization": basic("plain")}
    )
    assert answer.status == 403
    assert answer.body == {
        "code": "access_denied",
        "message": "You are not authorized to perform this action.",
    }


async def test_a_suspended_account_answers_403(simulator: RunningSimulator) -> None:
    await simulator.control("/config", {"suspended": True})
    answer = await simulator.get("/account")
    assert (answer.status, answer.body["code"]) == (403, "account_suspended")


async def test_accept_without_json_answers_406(simulator: RunningSimulator) -> None:
    refused = await simulator.send("GET", "/api/v2/account", headers={"Accept": "text/html"})
    taken = await simulator.send(
        "GET", "/api/v2/account", headers={"Accept": "application/json, text/plain, */*"}
    )
    assert (refused.status, taken.status) == (406, 200)


async def test_another_content_type_answers_415(simulator: RunningSimulator) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await simulator.send("POST", "/api/v2/tickets", data=b"subject=x", headers=form)
    assert answer.status == 415


async def test_multipart_is_refused_where_no_files_are_taken(simulator: RunningSimulator) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await simulator.send("PUT", "/api/v2/tickets/merge", data=b"--b--", headers=form)
    assert answer.status == 415


@pytest.mark.parametrize("content", [b"{", b"\xff", b"{'a': 1}"])
async def test_unreadable_json_answers_invalid_json(
    simulator: RunningSimulator, content: bytes
) -> None:
    answer = await simulator.send("POST", "/api/v2/tickets", data=content, headers=JSON)
    assert (answer.status, answer.body["code"]) == (400, "invalid_json")


async def test_a_body_that_is_no_object_is_a_mismatch(simulator: RunningSimulator) -> None:
    answer = await simulator.post("/tickets", [1])
    assert answer.status == 400
    assert answer.errors[0]["code"] == "datatype_mismatch"


async def test_the_account_and_helpdesk_calls_say_whose_key_it_is(
    simulator: RunningSimulator,
) -> None:
    account = (await simulator.get("/account")).body
    assert account["account_domain"] == "acmedemo.freshdesk.com"
    assert account["tier_type"] == "Estate"
    assert account["total_agents"]["full_time"] == 3
    # Beyond what a double can hold: a client has to keep it whole.
    assert int(float(account["organisation_id"])) != account["organisation_id"]
    assert (await simulator.get("/settings/helpdesk")).body["primary_language"] == "en"
