"""An attempt that this process has begun and not yet told the end of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from freshbridge.actions.once import outcome_known

if TYPE_CHECKING:
    from freshbridge.actions.record_store import Begun
    from freshbridge.instances.provider_clients import ProviderClient
    from freshbridge.queues.envelope import ActionRequest


@dataclass(frozen=True)
class BegunAttempt:
    """`at` is when it began, `mark` what its record keeps of it, `begun` what the record said.

    `clients` are those that it has called the provider with: a second one when its key was rotated.
    """

    request: ActionRequest
    at: str
    mark: str
    begun: Begun
    clients: list[ProviderClient] = field(default_factory=list)

    @property
    def wrote(self) -> bool:
        """Whether the provider has carried out something for it."""
        return any(client.wrote for client in self.clients)

    def settled_by(self, error: BaseException) -> list[str]:
        """The marks to take away at its failure.

        Its own when it is known that it did nothing, and those of earlier attempts that are shown
        to have done nothing.
        """
        unsure = self.begun.unsure
        earlier = unsure.marks if unsure is not None and unsure.absent else frozenset()
        known = outcome_known(error, wrote=self.wrote)
        return [self.mark, *earlier] if known else [*earlier]

    @property
    def marks(self) -> list[str]:
        """All marks that it knows of: once it has succeeded none is in doubt."""
        return [self.mark, *(self.begun.unsure.marks if self.begun.unsure is not None else ())]
