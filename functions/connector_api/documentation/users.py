"""Documents /api/users and /api/organization."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.operation import Body, Family, Operation
from freshbridge.instances.access import DEFAULT_GRACE_HOURS, LONGEST_GRACE_HOURS
from freshbridge.instances.users import LONGEST_EMAIL, LONGEST_NAME


class NewUser(BaseModel):
    """A person or a program."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    email: str | None = Field(
        default=None, max_length=LONGEST_EMAIL, json_schema_extra={"format": "email"}
    )


class User(BaseModel):
    """A caller of this API; every user may do everything."""

    id: int
    name: str
    email: str = Field(default="", description="Left out when there is none")
    created_at: str
    revoked: bool


class AddedUser(User):
    """With the secret, which is shown this once."""

    secret: str


class Grace(BaseModel):
    """How long the secret before stays valid."""

    model_config = ConfigDict(extra="forbid")
    grace_hours: int = Field(default=DEFAULT_GRACE_HOURS, ge=0, le=LONGEST_GRACE_HOURS)


class RotatedSecret(BaseModel):
    """A new secret, shown this once."""

    secret: str
    previous_valid_until: str


class RotatedUserSecret(RotatedSecret):
    """A user's new secret, shown this once."""

    id: int


GRACE = Body(
    Grace,
    {"A person's rotation": {"grace_hours": DEFAULT_GRACE_HOURS}, "It leaked": {"grace_hours": 0}},
    required=False,
)

FAMILY = Family(
    "Users",
    "Who may call this API, and the rotation of every secret.",
    {
        "list_all": Operation(list[User]),
        "add": Operation(
            AddedUser, 201, body=Body(NewUser, {"A program": {"name": "CI robot"}}), refusals=(409,)
        ),
        "rotate": Operation(RotatedUserSecret, body=GRACE, refusals=(409,)),
        "revoke": Operation(User, refusals=(409,)),
        "rotate_organization": Operation(RotatedSecret, body=GRACE),
    },
)
