"""/elements/api-v2/notifications and /accounts/…/settings: what callbacks got, and did not get.

As in Open Connectors: what a callback did not take for three days is queued, to be fetched (GET
/notifications/subscriptions/deliveries) or released (PUT of the same).
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, plain
from freshbridge.errors import FieldError, NotFound
from freshbridge.events.schema import bus_schema
from freshbridge.notifications import view
from freshbridge.notifications.delivery import LARGEST_ID
from freshbridge.notifications.desk import Hydrated, UnknownNotification, UnknownSubscription
from freshbridge.notifications.shape import ACCOUNT_ID
from freshbridge.notifications.subscriptions import read_settings
from freshbridge.notifications.where import read_where
from freshbridge.observability import function_logger
from freshbridge.page_request import InvalidPageRequest, read_hydrate

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own
schema_router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # as above
logger = function_logger()

PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 200


class UnknownAccount(NotFound):
    """A deployment is one account."""

    code = "unknown_account"
    default_advice = f"The account's number is {ACCOUNT_ID}."


@router.get("/notifications/subscriptions")
def list_subscriptions() -> Response[str]:
    """Every callback URL that an event went to, and whether it is still called."""
    found = [view.subscription_view(one) for one in ports().callbacks.subscriptions.all()]
    return plain(found, {"Elements-Returned-Count": str(len(found))})


@router.get("/notifications/subscriptions/<subscription_id>")
def get_subscription(subscription_id: str) -> Response[str]:
    """One callback URL."""
    number = _number(subscription_id, UnknownSubscription)
    return plain(view.subscription_view(ports().callbacks.subscription(number)))


@router.get("/notifications/subscriptions/deliveries")
def list_deliveries() -> Response[str]:
    """Deliveries by channel, status and config.url, a page at a time."""
    query = router.current_event.query_string_parameters or {}
    hydrate = _hydrate(query)
    page = ports().callbacks.page(
        read_where(query.get("where")),
        limit=_page_size(query.get("pageSize")),
        next_page=query.get("nextPage", ""),
        hydrate=hydrate,
    )
    headers = {"Elements-Returned-Count": str(len(page.deliveries))}
    if page.next_page:
        headers["Elements-Next-Page-Token"] = page.next_page
    return plain([_shown(found, hydrate=hydrate) for found in page.deliveries], headers)


@router.put("/notifications/subscriptions/deliveries")
def release_deliveries() -> Response[str]:
    """Call deactivated URLs again and send what is queued for them; answers which ones."""
    query = router.current_event.query_string_parameters or {}
    released = ports().callbacks.release(read_where(query.get("where")))
    logger.info("callbacks released", extra={"subscriptions": len(released)})
    return plain([view.subscription_view(subscription) for subscription in released])


@router.get("/notifications/<notification_id>/subscriptions/deliveries")
def deliveries_of_notification(notification_id: str) -> Response[str]:
    """A notification's deliveries, one for each URL.

    With `hydrate` each shows the notification, as far as an answer has room for it; the delivery to
    one subscription always does.
    """
    hydrate = _hydrate(router.current_event.query_string_parameters or {})
    return plain([_shown(one, hydrate=hydrate) for one in _of(notification_id, hydrate=hydrate)])


@router.get("/notifications/<notification_id>/subscriptions/<subscription_id>/deliveries")
def delivery_of_subscription(notification_id: str, subscription_id: str) -> Response[str]:
    """A notification's delivery to one URL."""
    number = _number(subscription_id, UnknownSubscription)
    hydrate = _hydrate(router.current_event.query_string_parameters or {})
    for found in _of(notification_id, hydrate=hydrate, subscription=number):
        return plain(_shown(found, hydrate=hydrate))
    raise UnknownSubscription("the notification did not go there", where=subscription_id[:32])


@router.put("/notifications/<notification_id>/acknowledge")
def acknowledge(notification_id: str) -> Response[str]:
    """Say that a queued notification was fetched: it is not sent when the others are released."""
    done = ports().callbacks.acknowledge(_number(notification_id, UnknownNotification))
    return plain({"id": done.notification_id, "acknowledged": done.acknowledged})


@router.get("/accounts/settings")
def account_settings() -> Response[str]:
    """What happens to notifications that a callback does not take."""
    return plain(ports().callbacks.subscriptions.settings())


@router.route("/accounts/settings", method=["POST", "PATCH"])
def change_account_settings() -> Response[str]:
    """Choose: `retry` sends them again for three days, `queue` keeps them at once."""
    return _settings_changed()


@router.get("/accounts/<account_id>/settings")
def settings_of_account(account_id: str) -> Response[str]:
    """As /accounts/settings."""
    _account(account_id)
    return account_settings()


@router.route("/accounts/<account_id>/settings", method=["POST", "PATCH"])
def change_settings_of_account(account_id: str) -> Response[str]:
    """As /accounts/settings."""
    _account(account_id)
    return _settings_changed()


@schema_router.get("/events/schema")
def event_schema() -> Response[str]:
    """The JSON Schema of the events on the EventBridge bus."""
    return plain(bus_schema())


def _settings_changed() -> Response[str]:
    settings = read_settings(json_body(router.current_event))
    ports().callbacks.subscriptions.choose(settings)
    logger.info("account settings changed", extra={"by_user_id": router.context.get("user_id")})
    return plain(settings)


def _account(account_id: str) -> None:
    if account_id != str(ACCOUNT_ID):
        raise UnknownAccount("no such account", where=account_id[:32])


def _of(notification_id: str, *, hydrate: bool, subscription: int | None = None) -> list[Hydrated]:
    number = _number(notification_id, UnknownNotification)
    return ports().callbacks.of_notification(number, hydrate=hydrate, subscription=subscription)


def _shown(found: Hydrated, *, hydrate: bool) -> dict[str, Any]:
    if hydrate:
        return view.hydrated(found.delivery, found.subscription, found.body)
    return view.delivery_view(found.delivery)


def _number(text: str, unknown: type[NotFound]) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else 0
    if not 0 < number <= LARGEST_ID:
        raise unknown("there is nothing of this number", where=text[:32])
    return number


def _hydrate(query: dict[str, str]) -> bool:
    return read_hydrate(query.get("hydrate"), usual=False)


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        accepted = f"must be a whole number from 1 to {LARGEST_PAGE_SIZE}"
        raise InvalidPageRequest(
            "the page cannot be given", fields=[FieldError("pageSize", accepted, "invalid_value")]
        )
    return size
