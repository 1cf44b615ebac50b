"""The two secrets that the deploy generates: the owner's User secret and the Organization secret.

They live in Secrets Manager. After a rotation the version before (AWSPREVIOUS) stays valid until
the current version's CreatedDate plus the grace, whoever rotated: this API, or an operator with
`aws secretsmanager put-secret-value`. A grace other than the default is part of the version's id,
so that the secret and its grace change in one call and no other version can inherit it.

Source: docs.aws.amazon.com/secretsmanager, PutSecretValue (ClientRequestToken becomes the
version's id; AWSPREVIOUS moves along by itself).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import aws
from freshbridge.instances.access import DEFAULT_GRACE_HOURS, Accepted, opens, secret_hash

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import GetSecretValueResponseTypeDef

AGE_S = 60.0
"""How long a warm function goes on with what it read."""
RECHECK_S = 5.0
"""A secret that does not fit may be newer than what was read; look again, at most this often."""
HOUR_S = 3600.0

_GRACE = re.compile(r"[0-9a-f]{32}-grace-hours-([0-9]{1,3})")


class DeployedSecret:
    """One of the two. A rotation elsewhere is seen within `AGE_S`, a new secret in `RECHECK_S`."""

    def __init__(
        self,
        secret_id: str,
        client: SecretsManagerClient | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock`: seconds since the epoch. Nothing is read before the first question."""
        self._secret_id = secret_id
        self._injected = client
        self._clock = clock
        self._read_at = float("-inf")
        self._accepted = Accepted()

    @property
    def _client(self) -> SecretsManagerClient:
        return self._injected or aws.secretsmanager()

    def accepts(self, shown: str) -> bool:
        """Whether `shown` is the secret, or the one before within its grace."""
        now = self._clock()
        # A clock that was set back makes the age negative; that is no reason to trust it longer.
        age = now - self._read_at
        fits = 0 <= age < AGE_S and opens(shown, self._accepted, now=now)
        if fits or not shown or 0 <= age < RECHECK_S:
            return fits
        self._accepted = self._read(now)
        self._read_at = now
        return opens(shown, self._accepted, now=now)

    def created_at(self) -> float:
        """When the secret was generated, in seconds since the epoch."""
        return self._client.describe_secret(SecretId=self._secret_id)["CreatedDate"].timestamp()

    def rotate(self, secret: str, *, grace_hours: int, random: bytes) -> float:
        """Make `secret` the current one; returns when the one before ends (epoch seconds).

        `random`: 16 bytes for the version's id.
        """
        version = random.hex()
        if grace_hours != DEFAULT_GRACE_HOURS:
            version += f"-grace-hours-{grace_hours}"
        self._client.put_secret_value(
            SecretId=self._secret_id, SecretString=secret, ClientRequestToken=version
        )
        self._read_at = float("-inf")
        return self._clock() + grace_hours * HOUR_S

    def _read(self, now: float) -> Accepted:
        current = self._client.get_secret_value(SecretId=self._secret_id)
        named = _GRACE.fullmatch(current["VersionId"])
        hours = int(named[1]) if named else DEFAULT_GRACE_HOURS
        until = current["CreatedDate"].timestamp() + hours * HOUR_S
        # Outside a grace the version before matters to no one: one call instead of two. Without any
        # grace it is not read at all: a clock that is behind must not open for a leaked secret.
        previous = self._previous() if hours and now < until else ""
        return Accepted(_hash(current), previous, until)

    def _previous(self) -> str:
        try:
            found = self._client.get_secret_value(
                SecretId=self._secret_id, VersionStage="AWSPREVIOUS"
            )
        except self._client.exceptions.ResourceNotFoundException:
            return ""
        return _hash(found)


def _hash(version: GetSecretValueResponseTypeDef) -> str:
    # A file given to the AWS CLI ends with a line break that no header could carry; a binary value
    # has no text and opens to no one.
    return secret_hash(version.get("SecretString", "").strip())
