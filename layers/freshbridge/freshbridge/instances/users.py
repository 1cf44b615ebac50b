"""Users beside the owner, in DynamoDB: `pk` is `user#<id>`; hashes of secrets, never a secret.

Ids count up from 2. A revoked user stays in the table, without hashes, so that its id is never
given to another. Listing is a scan: the table holds users and nothing else, a team's worth.

What a warm function has read of a user it may use for `AGE_S`: revoking takes effect at once in the
function that does it, and within a minute everywhere.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Conflict, FieldError, InvalidRequest, NotFound
from freshbridge.instances.access import OWNER_ID, Accepted, opens, secret_hash
from freshbridge.table_store import TimedStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

AGE_S = 60.0
RECHECK_S = 5.0
"""A secret that does not fit may be newer than what was read; look again, at most this often."""
MOST_KEPT = 1000
CREATE_ATTEMPTS = 10
LONGEST_NAME = 128
LONGEST_EMAIL = 254
_WRITABLE = {"name", "email"}


class UnknownUser(NotFound):
    """No user has this id."""

    code = "unknown_user"
    default_advice = "GET /api/users lists the ids."


class InvalidUser(InvalidRequest):
    """The request to add a user is incomplete or wrong; `fields` names all that is."""

    code = "invalid_user"


class UserRevoked(Conflict):
    """The user was revoked, which is for good."""

    code = "user_revoked"
    default_advice = "Add a new user instead."


class IdsTaken(Conflict):
    """Others kept taking the ids that were free."""

    code = "user_ids_taken"
    default_advice = "Send the request again."


@dataclass(frozen=True, slots=True)
class User:
    """`created_at`: UTC, ISO 8601. `email` may be "". Its secret is nowhere."""

    user_id: int
    name: str
    created_at: str
    email: str = ""
    revoked: bool = False


def read_user(body: dict[str, Any]) -> tuple[str, str]:
    """`{"name", "email"?}` to name and e-mail address.

    Raises:
        InvalidUser: naming every field that is missing, wrong or unknown.
    """
    wrong = [
        FieldError(name, "unknown field", "unknown") for name in sorted(body.keys() - _WRITABLE)
    ]
    name, email = body.get("name"), body.get("email")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
        wrong.append(FieldError("name", f"a text of 1 to {LONGEST_NAME} characters is required"))
    if email is not None and not _is_address(email):
        wrong.append(FieldError("email", "not an e-mail address"))
    if wrong:
        raise InvalidUser("the user was not added", fields=wrong)
    return str(name).strip(), email or ""


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_EMAIL or len(value.split()) != 1:
        return False
    local, _, domain = value.partition("@")
    return bool(local and domain) and "@" not in domain and value == value.strip()


class UserStore(TimedStore):
    """The users of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock`: seconds since the epoch."""
        super().__init__(table, client, clock=clock)
        # Users that exist only: made-up ids in strangers' secrets cannot fill it.
        self._kept: OrderedDict[int, tuple[float, Accepted]] = OrderedDict()

    def accepts(self, user_id: int, shown: str) -> bool:
        """Whether `shown` opens as this user, by what was read at most `AGE_S` ago."""
        now = self.clock()
        read_at, accepted = self._kept.get(user_id, (float("-inf"), Accepted()))
        # A clock that was set back makes the age negative; that is no reason to trust it longer.
        age = now - read_at
        fits = 0 <= age < AGE_S and opens(shown, accepted, now=now)
        if fits or 0 <= age < RECHECK_S:
            return fits
        return opens(shown, self._read_anew(user_id, now), now=now)

    def all(self) -> list[User]:
        """Every user ever added, by id."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, ConsistentRead=True
        )
        return sorted(
            (_user(item) for page in pages for item in page["Items"]),
            key=lambda user: user.user_id,
        )

    def add(self, name: str, email: str, created_at: str, secret: Callable[[int], str]) -> User:
        """Store a user under the next free id; `secret` makes the secret for the id given to it.

        Raises:
            IdsTaken: others were faster each time.
        """
        first = max((user.user_id for user in self.all()), default=OWNER_ID) + 1
        for user_id in range(first, first + CREATE_ATTEMPTS):
            item: dict[str, Any] = {
                "pk": {"S": f"user#{user_id}"},
                "id": {"N": str(user_id)},
                "name": {"S": name},
                "created_at": {"S": created_at},
                "secret_hash": {"S": secret_hash(secret(user_id))},
                "revoked": {"BOOL": False},
            }
            if email:
                item["email"] = {"S": email}
            try:
                self._client.put_item(
                    TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                continue
            return _user(item)
        raise IdsTaken("the user was not added: others were added at the same time")

    def rotate(self, user_id: int, secret: str, *, previous_until: float) -> None:
        """Make `secret` the user's; the one before opens until `previous_until` (epoch seconds).

        At most two open at any time: rotating again within the grace ends the oldest.

        Raises:
            UnknownUser: no such id.
            UserRevoked: it was revoked.
        """
        self._change(
            user_id,
            # The right-hand side is the item as it was: two rotations at once lose neither's.
            "SET previous_hash = secret_hash, previous_until = :until, secret_hash = :new",
            "revoked = :no",
            {
                ":until": {"N": str(previous_until)},
                ":new": {"S": secret_hash(secret)},
                ":no": {"BOOL": False},
            },
        )

    def revoke(self, user_id: int) -> User:
        """Refuse the user's secrets from now on, for good; again is no error.

        Raises:
            UnknownUser: no such id.
        """
        return self._change(
            user_id,
            "SET revoked = :yes REMOVE secret_hash, previous_hash, previous_until",
            "attribute_exists(pk)",
            {":yes": {"BOOL": True}},
        )

    def _change(self, user_id: int, update: str, condition: str, values: dict[str, Any]) -> User:
        self._kept.pop(user_id, None)
        try:
            changed = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"user#{user_id}"}},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            if self._read(user_id) is None:
                raise UnknownUser("no such user", where=f"user {user_id}") from None
            raise UserRevoked("the user was revoked", where=f"user {user_id}") from None
        return _user(changed["Attributes"])

    def _read_anew(self, user_id: int, now: float) -> Accepted:
        self._kept.pop(user_id, None)
        item = self._read(user_id)
        if item is None:
            return Accepted()
        self._kept[user_id] = (now, _accepted(item))
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[user_id][1]

    def _read(self, user_id: int) -> Any | None:
        # Consistent: a user added a moment ago may call at once.
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": f"user#{user_id}"}}, ConsistentRead=True
        )
        return found.get("Item")


def _user(item: Any) -> User:
    return User(
        user_id=int(item["id"]["N"]),
        name=item["name"]["S"],
        created_at=item["created_at"]["S"],
        email=item["email"]["S"] if "email" in item else "",
        revoked=item["revoked"]["BOOL"],
    )


def _accepted(item: Any) -> Accepted:
    if item["revoked"]["BOOL"] or "secret_hash" not in item:
        return Accepted()
    until = item["previous_until"]["N"] if "previous_until" in item else "0"
    previous = item["previous_hash"]["S"] if "previous_hash" in item else ""
    return Accepted(item["secret_hash"]["S"], previous, float(until))
