"""Tell who is calling: the organization's secret and one of its users', all three kinds joined.

The owner and the organization are checked against Secrets Manager, other users against the table.
Every user may do everything, adding and revoking users included; only the owner cannot be revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.instances.access import OWNER_ID, denied, read_authorization, user_id_of

if TYPE_CHECKING:
    from freshbridge.instances.deployed_secret import DeployedSecret
    from freshbridge.instances.users import UserStore


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who was let in; `element_token`, "" for none, is as shown and still to be checked."""

    user_id: int
    element_token: str

    def __repr__(self) -> str:
        """Without the token: representations end in logs and tracebacks."""
        return f"Caller(user_id={self.user_id})"


@dataclass(frozen=True, slots=True)
class Callers:
    """Whom the API knows."""

    organization: DeployedSecret
    owner: DeployedSecret
    users: UserStore

    def identify(self, header: str, *, token_stands_in: bool = False) -> Caller:
        """Read and check an Authorization header.

        `token_stands_in`: an Element token may take the Organization secret's place, as in Open
        Connectors' resource calls; whoever allows it must check the token.

        Raises:
            AccessDenied: without saying which part was wrong.
        """
        shown = read_authorization(header)
        token = shown.get("element", "")
        # Each part is looked at whatever the others gave: a refusal takes as long either way.
        user_id = self._user(shown.get("user", ""))
        organization = self.organization.accepts(shown.get("organization", ""))
        if "organization" not in shown:
            organization = token_stands_in and bool(token)
        if user_id is None or not organization:
            raise denied()
        return Caller(user_id, token)

    def _user(self, secret: str) -> int | None:
        # The table first: asking the owner's secret what does not fit it makes it read itself anew.
        user_id = user_id_of(secret)
        if user_id is not None and user_id > OWNER_ID and self.users.accepts(user_id, secret):
            return user_id
        return OWNER_ID if self.owner.accepts(secret) else None
