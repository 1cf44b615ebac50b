"""What belongs to the server rather than to the account: windows, faults, statistics."""

from local.freshdesk.account import Account
from local.freshdesk.rate import RateWindows
from local.freshdesk.stats import Stats
from local.simulator.faults import Fault


class SimulatorState:
    """Emptied together with the account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stats = Stats()
        self.clear()
        account.on_ticket_event(self.stats.on_ticket_event)
        account.on_reset(self.clear)

    def clear(self) -> None:
        self.windows = RateWindows()
        self.faults: list[Fault] = []
        self.stats.clear()

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The first fault that strikes this request."""
        return next((fault for fault in self.faults if fault.strikes(method, path)), None)
