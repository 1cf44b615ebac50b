"""Users come, rotate their secrets and go over HTTP; a secret is shown once and stored nowhere."""

from __future__ import annotations

import base64
import io
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.instances.deployed_secret import HOUR_S
from freshbridge.instances.users import AGE_S
from tests import builders
from tests.fakes.aws_failures import Failing
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

OWNER = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
DENIED = "access denied. Send the header Authorization: User <secret>, Organization <secret>."


@dataclass
class Clock:
    """Starts in the present, since the emulated Secrets Manager dates versions by it."""

    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The API's clock."""
    clock = Clock(time.time())
    for module in ("ports", "users"):
        monkeypatch.setattr(f"connector_api.{module}.wall_clock", clock)
    return clock


class Api:
    """Calls the function as API Gateway does, by default as the owner."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.texts: list[str] = []

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        access: str | None = OWNER,
        header: str = "Authorization",
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body of one answer."""
        event = builders.rest_event(
            method,
            path,
            body=None if body is None else json.dumps(body),
            headers={} if access is None else {header: access},
        )
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        self.texts.append(answer["body"])
        return answer["statusCode"], json.loads(answer["body"])

    def add(self, name: str = "CI robot", **more: str) -> tuple[int, str]:
        """A new user's id and the header that it sends."""
        status, body = self("POST", "/api/users", {"name": name, **more})
        assert status == 201
        return body["data"]["id"], as_user(body["data"]["secret"])

    def admits(self, access: str) -> bool:
        """Whether the header opens."""
        status, body = self("GET", "/api/actions", access=access)
        assert status in {200, 401}
        assert status == 200 or body["message"] == DENIED
        return status == 200


@pytest.fixture
def api(start: Start, clock: Clock) -> Api:  # noqa: ARG001 - set before the function starts
    return Api(start)


def as_user(secret: str, organization: str = ORGANIZATION_SECRET) -> str:
    return f"User {secret}, Organization {organization}"


def test_a_user_is_added_calls_and_is_listed_without_its_secret(api: Api) -> None:
    status, made = api("POST", "/api/users", {"name": "Ravi", "email": "ravi@acme.example"})
    secret = made["data"].pop("secret")
    api.texts.pop()
    assert status == 201
    assert len(secret) == 48

    status, listed = api("GET", "/api/users", access=as_user(secret))

    assert status == 200
    owner, user = listed["data"]
    assert owner.keys() == {"id", "name", "created_at", "revoked"}
    assert (owner["id"], owner["name"], owner["revoked"]) == (1, "owner", False)
    assert user == made["data"]
    assert user == {
        "id": 2,
        "name": "Ravi",
        "email": "ravi@acme.example",
        "created_at": user["created_at"],
        "revoked": False,
    }
    assert not [text for text in api.texts if secret in text or USER_SECRET in text]


@pytest.mark.parametrize("header", ["authorization", "AUTHORIZATION", "Authorization"])
@pytest.mark.parametrize(
    "access",
    [
        OWNER,
        f"organization {ORGANIZATION_SECRET},USER   {USER_SECRET}",
        f"\tElement t1 , User {USER_SECRET},Organization\t{ORGANIZATION_SECRET} ",
        f"Token t1, {OWNER}",
    ],
)
def test_the_header_is_read_in_any_order_spacing_and_case(
    api: Api, header: str, access: str
) -> None:
    assert api("GET", "/api/users", access=access, header=header)[0] == 200


@pytest.mark.parametrize(
    "access",
    [None, "", "User , Organization ", f"{OWNER}, User {USER_SECRET}", f"{OWNER}, x",
     f"User wrong, Organization {ORGANIZATION_SECRET}", f"User {USER_SECRET}, Organization wrong",
     f"User {USER_SECRET}", f"User {USER_SECRET}, Element t1"],
)  # fmt: skip
def test_each_face_refuses_in_its_own_shape_and_never_says_why(
    api: Api, access: str | None
) -> None:
    status, body = api("GET", "/api/users", access=access)
    assert status == 401
    assert body == {
        "success": False,
        "message": DENIED,
        "code": "access_denied",
        "request_id": builders.Context().aws_request_id,
        "details": {
            "provider_message": None,
            "where": None,
            "advice": "Send the header Authorization: User <secret>, Organization <secret>.",
            "action_id": None,
            "outcome_unknown": False,
            "fields": [],
        },
    }

    for path in ("/elements/api-v2/instances", "/elements/api-v2"):
        status, body = api("GET", path, access=access)
        assert status == 401
        assert body == {"requestId": "c6af9ac67b6111e69a4193e8", "message": DENIED}


def test_only_below_hubs_a_token_takes_the_organizations_place(api: Api) -> None:
    access = f"User {USER_SECRET}, Element t1"

    assert api("GET", "/elements/api-v2/instances", access=access)[0] == 401
    assert api("GET", "/api/hubs/helpdesk/x", access=access)[0] == 401
    below = "/elements/api-v2/hubs/no-such-hub/x"
    # What is said there is about the token or the route, no more about the caller.
    assert api("GET", below, access=access)[1]["message"] != DENIED
    assert api("GET", below, access="User wrong, Element t1")[1]["message"] == DENIED
    assert api("GET", below, access=f"User {USER_SECRET}")[1]["message"] == DENIED


def test_a_user_rotates_and_the_old_secret_works_for_the_grace_only(api: Api, clock: Clock) -> None:
    number, old = api.add()

    status, body = api("POST", f"/api/users/{number}/rotate", {"grace_hours": 2}, access=old)

    new = as_user(body["data"]["secret"])
    assert status == 200
    assert body["data"].keys() == {"id", "secret", "previous_valid_until"}
    assert (api.admits(old), api.admits(new)) == (True, True)
    clock.now += 2 * HOUR_S - 1
    assert (api.admits(old), api.admits(new)) == (True, True)
    clock.now += 1
    assert (api.admits(old), api.admits(new)) == (False, True)


def test_without_a_body_the_grace_is_a_day(api: Api, clock: Clock) -> None:
    number, old = api.add()
    api("POST", f"/api/users/{number}/rotate")

    clock.now += 24 * HOUR_S - 1
    assert api.admits(old)
    clock.now += 1
    assert not api.admits(old)


@pytest.mark.parametrize("who", ["user", "owner", "organization"])
def test_without_grace_a_leaked_secret_is_refused_at_once(api: Api, clock: Clock, who: str) -> None:
    number, user = api.add()
    path, leaked = {
        "user": (f"/api/users/{number}/rotate", user),
        "owner": ("/api/users/1/rotate", OWNER),
        "organization": ("/api/organization/rotate", OWNER),
    }[who]

    status, _ = api("POST", path, {"grace_hours": 0})

    assert status == 200
    assert not api.admits(leaked)
    # Not even by a clock that is behind.
    clock.now -= 30
    assert not api.admits(leaked)


@pytest.mark.parametrize(
    ("path", "secret_name"),
    [("/api/users/1/rotate", "UserSecret"), ("/api/organization/rotate", "OrganizationSecret")],
)
def test_the_deploys_secrets_are_rotated_in_secrets_manager(
    stack: Stack, api: Api, clock: Clock, path: str, secret_name: str
) -> None:
    # When one of them is rotated
    status, body = api("POST", path)
    secret = body["data"]["secret"]
    new = (
        as_user(secret)
        if secret_name == "UserSecret"
        else as_user(USER_SECRET, organization=secret)
    )

    # Then it is the current version there, both open for a day, and then the new one alone
    kept = aws.secretsmanager().get_secret_value(SecretId=stack.names[secret_name])
    assert status == 200
    assert kept["SecretString"] == secret
    assert (api.admits(OWNER), api.admits(new)) == (True, True)
    clock.now += 24 * HOUR_S - 60
    assert (api.admits(OWNER), api.admits(new)) == (True, True)
    clock.now += 120
    assert (api.admits(OWNER), api.admits(new)) == (False, True)
    # and the table has no part in it.
    assert stack.items("AccessTable") == []


def test_the_new_secrets_have_256_random_bits_and_differ(api: Api) -> None:
    made = [api.add()[1].split()[1].rstrip(",") for _ in range(2)]
    for path in ("/api/users/2/rotate", "/api/users/3/rotate", "/api/users/1/rotate"):
        made.append(api("POST", path)[1]["data"]["secret"])

    random = {base64.b64decode(secret)[4:] for secret in made}
    organization = api("POST", "/api/organization/rotate")[1]["data"]["secret"]
    random.add(bytes.fromhex(organization))

    assert len(random) == 6
    assert {len(one) for one in random} == {32}


def test_at_most_two_secrets_open_at_a_time(api: Api) -> None:
    for _ in range(2):
        assert api.admits(OWNER)
        api("POST", "/api/users/1/rotate")

    assert not api.admits(OWNER)


def test_a_revoked_user_is_refused_and_stays_revoked(api: Api, clock: Clock) -> None:
    number, access = api.add()
    assert api.admits(access)

    status, body = api("DELETE", f"/api/users/{number}")

    assert (status, body["data"]["revoked"]) == (200, True)
    assert not api.admits(access)
    clock.now += AGE_S
    assert not api.admits(access)
    assert api("DELETE", f"/api/users/{number}")[0] == 200
    assert [u["revoked"] for u in api("GET", "/api/users")[1]["data"]] == [False, True]
    status, body = api("POST", f"/api/users/{number}/rotate")
    assert (status, body["code"]) == (409, "user_revoked")
    assert api.add()[0] == number + 1


def test_the_owner_cannot_be_revoked(api: Api) -> None:
    _, other = api.add()

    for access in (OWNER, other):
        status, body = api("DELETE", "/api/users/1", access=access)
        assert (status, body["code"]) == (409, "owner_stays")
        assert body["message"] == (
            "the owner cannot be revoked. "
            "Rotate the owner's secret instead: POST /api/users/1/rotate."
        )
    assert api.admits(OWNER)


@pytest.mark.parametrize("number", ["0", "2", "01", "x", "-1", "4294967296", "99999999999", "٢"])
def test_no_other_text_is_a_user(api: Api, number: str) -> None:
    for method, path in (("DELETE", ""), ("POST", "/rotate")):
        status, body = api(method, f"/api/users/{number}{path}")
        assert (status, body["code"]) in {(404, "unknown_user"), (404, "unknown_route")}


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("/api/users", {"name": ""}, "invalid_user", "name"),
        ("/api/users/1/rotate", {"grace_hours": -1}, "invalid_rotation", "grace_hours"),
        ("/api/users/1/rotate", {"grace": 0}, "invalid_rotation", "grace"),
        ("/api/organization/rotate", {"grace_hours": "0"}, "invalid_rotation", "grace_hours"),
    ],
)
def test_a_bad_request_changes_nothing_and_names_the_field(
    *, stack: Stack, api: Api, path: str, body: dict[str, Any], code: str, field: str
) -> None:
    status, answer = api("POST", path, body)

    assert (status, answer["code"]) == (400, code)
    assert [f["field"] for f in answer["details"]["fields"]] == [field]
    assert stack.items("AccessTable") == []
    versions = aws.secretsmanager().list_secret_version_ids(SecretId=stack.names["UserSecret"])
    assert len(versions["Versions"]) == 1


def test_checking_a_caller_is_one_read(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, access = api.add()
    counting: Any = Failing(aws.dynamodb())
    monkeypatch.setattr("freshbridge.aws.dynamodb", lambda: counting)

    assert all(api.admits(access) for _ in range(5))
    assert counting.calls.count("get_item") == 1
    assert set(counting.calls) <= {"get_item", "exceptions"}

    clock.now += AGE_S
    assert api.admits(access)
    assert counting.calls.count("get_item") == 2


def test_the_log_says_who_did_it_and_holds_no_secret_name_or_address(
    api: Api, log: io.StringIO, stack: Stack
) -> None:
    number, access = api.add("Ravi Example", email=builders.EMAIL)
    secrets = [
        api("POST", path, access=access)[1]["data"]["secret"]
        for path in (f"/api/users/{number}/rotate", "/api/users/1/rotate")
    ]
    api("DELETE", f"/api/users/{number}")

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = [
        (line["message"], line["user_id"], line["by_user_id"])
        for line in lines
        if "by_user_id" in line
    ]
    assert told == [
        ("user added", 2, 1),
        ("secret rotated", 2, 2),
        ("secret rotated", 1, 2),
        ("user revoked", 2, 1),
    ]
    stored = json.dumps(stack.items("AccessTable"))
    private = [*secrets, access.split()[1].rstrip(","), "Ravi Example", builders.EMAIL]
    assert [word for word in private if word in log.getvalue()] == []
    assert [word for word in private[:3] if word in stored] == []
