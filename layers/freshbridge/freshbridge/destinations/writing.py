"""The calls that change something, sent or only told. One per call of `send`.

Source: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Forbidden, InvalidRequest, NotFound, WrongState
from freshbridge.freshsales.wire import nonsense, record_in

if TYPE_CHECKING:
    from freshbridge.destinations.resource_types import ResourceType
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record
    from freshbridge.http_message import ProviderRequest


class WouldSend(Exception):
    """A dry run came to the request that would be sent; `outcome` is what that is hoped to do."""

    def __init__(self, outcome: str, request: ProviderRequest) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.request = request


class TypeNotOffered(InvalidRequest):
    """The account knows no such kind of record; in the provider's words."""

    code = "type_not_offered"


class Writer:
    """Sends for one kind of record. With `dry` nothing is sent: WouldSend is raised instead."""

    def __init__(self, client: FreshsalesClient, kind: ResourceType, *, dry: bool = False) -> None:
        self._client = client
        self._kind = kind
        self._dry = dry

    @property
    def dry(self) -> bool:
        """Whether nothing is sent."""
        return self._dry

    def create(self, fields: Mapping[str, Any]) -> Record:
        """POST one.

        Raises:
            TypeNotOffered: the account has no such records.
        """
        try:
            return self._written("created", "POST", f"/{self._kind.name}", self._wrapped(fields))
        except (Forbidden, NotFound, WrongState) as error:
            if not self._kind.instead:
                raise
            raise TypeNotOffered(
                f"This account takes no {self._kind.name}",
                where=error.where,
                status=error.status,
                advice=self._kind.instead,
                provider_code=error.provider_code,
                provider_message=error.provider_message or error.what,
                provider_request_id=error.provider_request_id,
            ) from error

    def update(self, record_id: int, fields: Mapping[str, Any]) -> Record:
        """PUT changes of one."""
        path = f"/{self._kind.name}/{record_id}"
        return self._written("updated", "PUT", path, self._wrapped(fields))

    def upsert(self, key: str, value: Any, fields: Mapping[str, Any], outcome: str) -> Record:
        """POST to where the provider matches by itself."""
        body = {"unique_identifier": {key: value}, **self._wrapped(fields)}
        path = f"/{self._kind.name}/upsert"
        return self._written(outcome, "POST", path, body, idempotent=True)

    def delete(self, record_id: int, *, permanently: bool) -> None:
        """DELETE one, for good where asked."""
        path = f"/{self._kind.name}/{record_id}{'/forget' if permanently else ''}"
        self._told("deleted", "DELETE", path, None)
        self._client.call("DELETE", path)

    def _wrapped(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {self._kind.wrapper: dict(fields)} if self._kind.wrapper else dict(fields)

    def _written(
        self,
        outcome: str,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        idempotent: bool | None = None,
    ) -> Record:
        self._told(outcome, method, path, body)
        data, reply, request = self._client.call(method, path, body=body, idempotent=idempotent)
        record = record_in(data, self._kind.wrapper)
        if record is None:
            raise nonsense("Freshsales' reply is not a record", reply, request)
        return record

    def _told(self, outcome: str, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        if self._dry:
            raise WouldSend(outcome, self._client.request_for(method, path, body))
