"""Mend an action before it is sent back: other parameters, another instance.

The new parameters are merged over the old ones, name by name: a name that is given is replaced as a
whole, and null is a value like others. With `"replace": true` they take the place of all of them.
They have to fit the action's own schema, as those of a new request do. The letter keeps what it
said before the first edit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.actions.perform import check
from freshbridge.dead_letters.intake import pack_body
from freshbridge.dead_letters.subject import (
    Queue,
    read_parameters,
    read_subject,
    with_parameters,
)
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.queues import envelope

if TYPE_CHECKING:
    from freshbridge.dead_letters.letter import Letter
    from freshbridge.instances.model import Instance
    from freshbridge.queues.payload import PayloadStore

_FIELDS = {"parameters", "replace", "instance_id", "dry_run"}
_LONGEST_INLINE = 16 * 1024
"""Bytes of a first text that lie beside the new one: an item of DynamoDB holds 400 KB."""


class InvalidRedrive(InvalidRequest):
    """The letter cannot be sent back like this."""

    code = "invalid_redrive"


@dataclass(frozen=True)
class Changes:
    """What is to be changed; None for what stays."""

    parameters: dict[str, Any] | None = None
    replace: bool = False
    instance_id: str | None = None
    dry_run: bool = False

    @property
    def any(self) -> bool:
        """True where something is to be changed."""
        return self.parameters is not None or self.instance_id is not None


def read_changes(body: Mapping[str, Any]) -> Changes:
    """The changes of a body `{"parameters"?, "replace"?, "instance_id"?, "dry_run"?}`.

    Raises:
        InvalidRedrive: naming everything that is wrong.
    """
    wrong = [
        FieldError(
            name, f"there is no such field; there are {', '.join(sorted(_FIELDS))}", "unknown"
        )
        for name in sorted(set(body) - _FIELDS)
    ]
    parameters, instance_id = body.get("parameters"), body.get("instance_id")
    if parameters is not None and not isinstance(parameters, dict):
        wrong.append(FieldError("parameters", "must be an object", "wrong_type"))
    if type(instance_id) is int:
        instance_id = str(instance_id)
    if instance_id is not None and not (isinstance(instance_id, str) and instance_id):
        wrong.append(FieldError("instance_id", "must be an instance's id", "wrong_type"))
    flags = {name: body.get(name, False) for name in ("replace", "dry_run")}
    wrong += [
        FieldError(name, "must be true or false", "wrong_type")
        for name, value in flags.items()
        if not isinstance(value, bool)
    ]
    if flags["replace"] is True and parameters is None:
        wrong.append(FieldError("parameters", "must be given: they replace all", "missing"))
    if wrong:
        raise InvalidRedrive("the dead letter cannot be sent back", fields=wrong)
    return Changes(parameters, flags["replace"], instance_id, flags["dry_run"])


class Editor:
    """Applies changes to letters."""

    def __init__(
        self,
        payloads: PayloadStore,
        instance: Callable[[str], Instance],
        clock: Callable[[], float],
    ) -> None:
        """`instance`: the registry's own, which raises UnknownInstance."""
        self._payloads = payloads
        self._instance = instance
        self._clock = clock

    def text_with(self, letter: Letter, changes: Changes) -> str:
        """The letter's text with the changes, once it is sure that its action takes them.

        Raises:
            InvalidRedrive: the letter is no readable action request.
            InvalidParameters, UnknownAction, UnknownInstance, PayloadGone: as their names say.
        """
        if letter.queue is not Queue.ACTIONS:
            raise InvalidRedrive(
                f"a letter of the {letter.queue} queue cannot be changed",
                advice="Send it back as it is: leave out parameters and instance_id.",
            )
        text = self._payloads.unpack(letter.body)
        try:
            request = envelope.action_request(text)
        except envelope.UnreadableMessage as error:
            raise InvalidRedrive(
                f"its message cannot be changed: {error.what}",
                advice="Discard it, and ask for the action anew.",
            ) from error
        if changes.instance_id is not None:
            named = self._instance(changes.instance_id)
            if named.platform != request.platform:
                other = f"is a {named.platform} account; the action is {request.platform}'s"
                raise InvalidRedrive(
                    "the instance cannot run this action",
                    fields=[FieldError("instance_id", other, "invalid_value")],
                )
        given = changes.parameters or {}
        whole = changes.replace and changes.parameters is not None
        parameters = given if whole else {**request.parameters, **given}
        check(replace(request, parameters=parameters))
        return with_parameters(text, parameters, changes.instance_id)

    def edited(self, letter: Letter, changes: Changes, by: str) -> Letter:
        """The letter with the changes.

        Raises:
            What `text_with` raises; ClientError, BotoCoreError: S3 did not take a long body.
        """
        text = self.text_with(letter, changes)
        body = pack_body(self._payloads, letter, text)
        before = self._payloads.unpack(letter.body)
        given = set(changes.parameters or {})
        named = sorted(given | set(read_parameters(before)) if changes.replace else given)
        names = [*named, "instance_id"] if changes.instance_id is not None else named
        # The names only: a value may be a customer's words, and a history is shown in lists.
        note = json.dumps(names)[1:-1].replace('"', "")
        original = letter.original_body or pack_body(
            self._payloads, letter, before, limit=_LONGEST_INLINE
        )
        subject = read_subject(text)
        return letter.edited(body, subject, by, self._clock(), note, original=original)
