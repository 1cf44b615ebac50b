"""Installs, looks at, mends and removes the automation rules that call an instance's webhook.

What is wanted is kept before anything is sent, and what is there is read before anything is
changed: a set-up that was cut short is completed by the next, and one that is repeated changes
nothing. Only one at a time works on an instance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from freshbridge import timestamps
from freshbridge.errors import Forbidden, InvalidRequest, Misconfigured, NotFound, WrongState
from freshbridge.webhooks import by_hand
from freshbridge.webhooks.address import AddressUnknown, webhook_url
from freshbridge.webhooks.choice import SetupRequest, Wish
from freshbridge.webhooks.converge import converge, perform, read_account
from freshbridge.webhooks.found import Account
from freshbridge.webhooks.health import Secrets
from freshbridge.webhooks.plan import (
    ALL_PIECES,
    Step,
    Target,
    examine,
    removal,
    steps_for,
    wanted_pieces,
)
from freshbridge.webhooks.report import ByHand, Calling, NotInstalled, NotOurs, Report

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.connection import Connections
    from freshbridge.instances.model import Instance
    from freshbridge.instances.vault import Vault
    from freshbridge.webhooks.wish_store import WishStore

T = TypeVar("T")
NOTHING = Wish(events=())


@dataclass(frozen=True)
class _Job:
    """One set-up: what is wished of whom, and what a person is told where it may not be done."""

    instance: Instance
    wish: Wish
    target: Target
    calling: Calling
    show_secret: bool = False

    def instructions(self) -> dict[str, Any]:
        pieces = wanted_pieces(self.wish) or ALL_PIECES
        return by_hand.instructions(pieces, self.target, show_secret=self.show_secret)

    def removal(self) -> dict[str, Any]:
        return by_hand.removal(self.instance.instance_id)

    def report(self, account: Account, **more: Any) -> Report:
        states = examine(account, self.wish, self.target)
        return Report(self.wish, self.target, account, tuple(states), **more)


class WebhookSetup:
    """The set-ups of one stack's Freshdesk instances.

    `base_url` of its methods is where this API was called, "" where that is not known; a wish's own
    goes before it.
    """

    def __init__(
        self,
        connections: Connections,
        vault: Vault,
        wishes: WishStore,
        hold: Callable[[str], AbstractContextManager[None]],
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`hold` locks a name for one execution; `clock`: seconds since the epoch."""
        self._connections = connections
        self._vault = vault
        self._wishes = wishes
        self._hold = hold
        self._clock = clock

    def install(
        self, instance: Instance, request: SetupRequest, base_url: str, calling: Calling
    ) -> Report:
        """Bring the account to what is wished.

        Raises:
            AddressUnknown, Misconfigured: nothing was sent.
            ByHand: the key may not.
            Busy: another set-up of the instance is at it.
            Whatever Freshdesk's client raises; running it again goes on from there.
        """
        target = self._target(instance, request.wish, base_url)
        job = _Job(instance, request.wish, target, calling, request.show_secret)
        if request.dry_run:
            return self._rehearsed(job)
        self._wishes.put(instance.instance_id, request.wish)
        return self._converged(job)

    def health(self, instance: Instance, base_url: str, calling: Calling) -> Report:
        """What is installed, and what is wrong with it; nothing is changed.

        Raises:
            ByHand: the key may not look.
        """
        wish = self._wishes.get(instance.instance_id) or NOTHING
        job = _Job(instance, wish, self._target(instance, wish, base_url), calling)
        read = self._asked(job, lambda client: read_account(client, job.target))
        return job.report(read)

    def repair(
        self, instance: Instance, base_url: str, calling: Calling, *, dry_run: bool = False
    ) -> Report:
        """Install once more what was installed.

        Raises:
            NotInstalled: nothing was.
            And what `install` raises.
        """
        wish = self.wish(instance)
        if wish is None:
            raise NotInstalled("no webhooks were set up by this integration")
        job = _Job(instance, wish, self._target(instance, wish, base_url), calling)
        return self._rehearsed(job) if dry_run else self._converged(job)

    def remove(
        self, instance: Instance, calling: Calling, rule_id: int | None = None
    ) -> tuple[Step, ...]:
        """Delete the instance's own rules, or the one of this number; returns the steps made.

        Raises:
            NotOurs: no rule of its own has this number.
            ByHand: the key may not.
        """
        wish = self._wishes.get(instance.instance_id) or NOTHING
        job = _Job(instance, wish, self._target(instance, NOTHING, ""), calling)

        def work(client: FreshdeskClient) -> tuple[Account, list[Step]]:
            account = read_account(client, job.target)
            steps = removal(account)
            if rule_id is not None:
                steps = [s for s in steps if s.state.rule and s.state.rule.id == rule_id]
                if not steps:
                    raise NotOurs(f"automation rule {rule_id} is none of this integration's own")
            for step in steps:
                perform(client, step)
            return account, steps

        with self._hold(_lock(instance)):
            account, done = self._asked(job, work, told=job.removal)
            # Of two rules that do the same, one is left.
            gone = {s.state.key for s in done if len(account.pieces(s.state.key)) == 1}
            self._forget(job, gone if rule_id is not None else None)
        return tuple(done)

    def wish(self, instance: Instance) -> Wish | None:
        """What was installed; None for nothing.

        Raises:
            Misconfigured: the account is another product's.
        """
        _only_freshdesk(instance)
        return self._wishes.get(instance.instance_id)

    def _target(self, instance: Instance, wish: Wish, base_url: str) -> Target:
        _only_freshdesk(instance)
        base_url = wish.base_url or base_url
        if wish.events and not base_url:
            raise AddressUnknown("the request does not tell this API's own address")
        held = self._vault.webhook_secrets(instance.instance_id, age_s=0)
        if not held.current:
            raise Misconfigured(
                "the webhook has no secret", advice="POST …/webhook makes a new one."
            )
        url = webhook_url(base_url, instance.instance_id)
        return Target(instance.instance_id, url, Secrets(held, self._clock()))

    def _rehearsed(self, job: _Job) -> Report:
        refused: ByHand | None = None
        try:
            account = self._asked(job, lambda client: read_account(client, job.target))
        except ByHand as error:
            account, refused = Account(), error
        steps = steps_for(examine(account, job.wish, job.target), job.wish, job.target)
        return job.report(
            account,
            steps=tuple(steps),
            dry=True,
            refused=refused,
            instructions=job.instructions(),
        )

    def _converged(self, job: _Job) -> Report:
        with self._hold(_lock(job.instance)):
            account, made = self._asked(job, lambda client: converge(client, job.wish, job.target))
        return job.report(account, steps=tuple(made))

    def _asked(
        self,
        job: _Job,
        work: Callable[[FreshdeskClient], T],
        *,
        told: Callable[[], dict[str, Any]] | None = None,
    ) -> T:
        """Run `work` with a client; a refusal of Freshdesk's comes with what to do instead."""
        try:
            return self._connections.use(
                job.instance.instance_id,
                lambda client, _instance: work(client),
                cause=job.calling.cause,
                waiting=job.calling.waiting,
            )
        except (Forbidden, NotFound, WrongState, InvalidRequest) as error:
            if error.status is None:
                raise
            secret = job.target.secrets.held.current
            raise ByHand(error, (told or job.instructions)(), secret=secret) from error

    def _forget(self, job: _Job, keys: set[str] | None) -> None:
        instance_id = job.instance.instance_id
        without = {*job.wish.without, *(keys or ())}
        left = replace(job.wish, without=tuple(sorted(without)))
        if keys is None or not wanted_pieces(left):
            self._wishes.delete(instance_id)
        else:
            self._wishes.put(instance_id, left)


def _only_freshdesk(instance: Instance) -> None:
    if instance.platform == "freshdesk":
        return
    advice = "Only Freshdesk's webhooks can be set up by a call"
    if instance.platform == "freshsales":
        path = f"/api/webhooks/{instance.platform}/{instance.instance_id}"
        advice += f"; in Freshsales a person enters {path} in a workflow"
    raise Misconfigured(
        f"instance {instance.instance_id} is of the platform {instance.platform}",
        advice=f"{advice}.",
    )


def _lock(instance: Instance) -> str:
    return f"webhooks#{instance.instance_id}"
