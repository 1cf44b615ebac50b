"""Surveys and satisfaction ratings over HTTP."""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


async def rate(simulator: RunningSimulator, ticket: dict[str, Any], **ratings: int) -> Any:
    body = {"feedback": "Fast and clear", "ratings": ratings}
    return await simulator.post(f"/tickets/{ticket['id']}/satisfaction_ratings", body)


async def test_a_rating_belongs_to_the_ticket_its_people_and_the_survey(
    simulator: RunningSimulator,
) -> None:
    agent_id = min(simulator.account.agents)
    ticket = await simulator.ticket(responder_id=agent_id)
    answer = await rate(simulator, ticket, default_question=103, question_2=-102)
    assert answer.status == 201, answer.content
    survey = (await simulator.get("/surveys", state="active")).body[0]
    rating = answer.body
    assert rating["survey_id"] == survey["id"]
    assert (rating["user_id"], rating["agent_id"]) == (ticket["requester_id"], agent_id)
    assert rating["ratings"] == {"default_question": 103, "question_2": -102}
    assert survey["questions"][0]["accepted_ratings"] == [103, 102, 101, 100, -101, -102, -103]
    listed = await simulator.get(f"/tickets/{ticket['id']}/satisfaction_ratings")
    assert listed.body == [rating]


@pytest.mark.parametrize(
    ("ratings", "field", "code"),
    [
        ({"question_2": 103}, "ratings.default_question", "missing_field"),
        ({"default_question": 5}, "ratings.default_question", "invalid_value"),
        ({"default_question": 103, "question_9": 103}, "ratings.question_9", "invalid_field"),
    ],
)
async def test_a_wrong_rating_is_refused(
    simulator: RunningSimulator, ratings: dict[str, int], field: str, code: str
) -> None:
    answer = await rate(simulator, await simulator.ticket(), **ratings)
    assert answer.status == 400
    assert [(one["field"], one["code"]) for one in answer.errors] == [(field, code)]


async def test_the_list_by_time_and_user(simulator: RunningSimulator) -> None:
    simulator.account.clock.freeze(1_772_755_200.0)
    first = (await rate(simulator, await simulator.ticket(), default_question=103)).body
    simulator.account.clock.advance(3600)
    other = await simulator.ticket(email="b@c.example")
    second = (await rate(simulator, other, default_question=-103)).body
    path = "/surveys/satisfaction_ratings"
    assert (await simulator.get(path)).body == [first, second]
    since = simulator.account.clock.stamp()
    assert (await simulator.get(path, created_since=since)).body == [second]
    assert (await simulator.get(path, user_id=first["user_id"])).body == [first]


async def test_a_plan_without_surveys(simulator: RunningSimulator) -> None:
    ticket = await simulator.ticket()
    await simulator.control("/config", {"without_features": ["csat"]})
    answer = await rate(simulator, ticket, default_question=103)
    assert (answer.status, answer.body["code"]) == (403, "require_feature")
