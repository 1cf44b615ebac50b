"""What belongs to the server rather than to the account: windows, faults, statistics."""

from local.freshsales.account import Account
from local.freshsales.rate import RateWindows
from local.freshsales.stats import Stats
from local.simulator.faults import Fault


class SimulatorState:
    """Emptied together with the account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stats = Stats()
        self.clear()
        account.on_event(self.stats.on_event)
        account.on_reset(self.clear)

    def clear(self) -> None:
        self.windows = RateWindows()
        self.faults: list[Fault] = []
        self.stats.clear()

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The first fault that strikes this request."""
        return next((fault for fault in self.faults if fault.strikes(method, path)), None)
