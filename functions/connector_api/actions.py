"""The catalogue of actions; run one; look at those that were run."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.record import State, read_state
from freshbridge.actions.submit import Answer, read_preference, read_request
from freshbridge.dead_letters.subject import Queue, letter_id_of
from freshbridge.page_request import read_limit

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 200


@router.get("/actions")
def list_all() -> Response[str]:
    """Every action with its parameters' JSON Schema, what it costs and what repeating it does."""
    return success("Actions", [action.shown() for action in CATALOGUE])


@router.post("/integrations/<instance_id>/actions")
def run(instance_id: str) -> Response[str]:
    """Run one action and wait for its result.

    What cannot be done at once goes on by itself: the answer is then 202 with the action's id, as
    it is with `Prefer: respond-async`. With `Prefer: handling=strict` it is a refusal instead. A
    repeated `Idempotency-Key` gives the first one's result and does nothing.
    """
    event = router.current_event
    instance = ports().registry.get(instance_id)
    request = read_request(
        json_body(event),
        instance,
        key=event.headers.get("Idempotency-Key"),
        user_id=router.context.get("user_id", 1),
    )
    preference = read_preference(event.headers.get("Prefer"))
    return _answer(ports().submission.submit(request, preference, router.lambda_context))


@router.get("/integrations/<instance_id>/actions")
def of_instance(instance_id: str) -> Response[str]:
    """The instance's actions, newest first; `state` chooses, `after` asks for the next page."""
    query = router.current_event.query_string_parameters or {}
    state = read_state(query.get("state"))
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    ports().registry.get(instance_id)
    page = ports().records.page(instance_id, state=state, limit=limit, after=query.get("after"))
    shown = [record.summary() for record in page.records]
    return success("Actions", {"actions": shown, "after": page.after})


@router.get("/actions/<action_id>")
def get(action_id: str) -> Response[str]:
    """One action: its state, every attempt with what came of it, and the result.

    A result too large for an answer is `{"too_large": true, "url"}`: download it from there.
    """
    record = ports().records.get(action_id)
    view = record.view()
    if record.state is not State.SUCCEEDED:
        # Also of one that is not marked as failed: where its function died, only the letter tells.
        letter = ports().letters.find(letter_id_of(Queue.ACTIONS, action_id))
        view["dead_letter_id"] = letter.letter_id if letter else None
    for name in ("data", "parameters"):
        if name in view:
            view[name] = ports().large_results.fitting(view[name], f"{action_id}-{name}")
    return success("Action", view)


def _answer(answer: Answer) -> Response[str]:
    record = answer.record
    headers: dict[str, Any] = {"Location": f"/api/actions/{record.action_id}"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    body: dict[str, Any] = {"success": True}
    if answer.outcome is None:
        status = 202
        body |= {
            "message": f"Accepted; GET /api/actions/{record.action_id} tells what becomes of it",
            "data": record.summary(),
        }
    else:
        status = 200
        body |= {
            "message": answer.outcome.message,
            "data": ports().large_results.fitting(answer.outcome.data, record.action_id),
            "cached": answer.outcome.cached,
            "age_s": answer.outcome.age_s,
        }
    body["action_id"] = record.action_id
    return Response(
        status_code=status,
        content_type="application/json",
        body=json.dumps(body),
        headers=headers,
    )
