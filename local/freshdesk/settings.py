"""The knobs of an account: plan, limits, window, and every delay the vendor has.

``POST /__sim/config`` changes them by these names. Plan numbers: developers.freshdesk.com/api,
Rate Limits (per minute and account).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

# What a plan allows per window. A bucket that is absent has no limit of its own.
PLAN_LIMITS: Mapping[str, Mapping[str, int]] = {
    "free": {"total": 0},
    "trial": {"total": 50},
    "growth": {
        "total": 200,
        "ticket_create": 80,
        "ticket_update": 80,
        "ticket_list": 20,
        "contact_list": 20,
    },
    "pro": {
        "total": 400,
        "ticket_create": 160,
        "ticket_update": 160,
        "ticket_list": 100,
        "contact_list": 100,
    },
    "enterprise": {
        "total": 700,
        "ticket_create": 280,
        "ticket_update": 280,
        "ticket_list": 200,
        "contact_list": 200,
    },
    "addon_1000": {
        "total": 1000,
        "ticket_create": 400,
        "ticket_update": 400,
        "ticket_list": 300,
        "contact_list": 300,
    },
    "addon_2000": {
        "total": 2000,
        "ticket_create": 800,
        "ticket_update": 800,
        "ticket_list": 400,
        "contact_list": 400,
    },
}
DEFAULT_PLAN = "pro"
BUCKETS = ("total", "ticket_create", "ticket_update", "ticket_list", "contact_list")

_EVERY_PLAN = {"csat", "time_tracking"}
_PRO = _EVERY_PLAN | {"multiple_companies", "multi_language", "multi_product", "custom_roles"}
_ENTERPRISE = _PRO | {"shared_ownership", "custom_objects", "skill_based_round_robin"}
PLAN_FEATURES: Mapping[str, frozenset[str]] = {
    "free": frozenset(),
    "trial": frozenset(_ENTERPRISE),
    "growth": frozenset(_EVERY_PLAN),
    "pro": frozenset(_PRO),
    "enterprise": frozenset(_ENTERPRISE),
    "addon_1000": frozenset(_ENTERPRISE),
    "addon_2000": frozenset(_ENTERPRISE),
}
# ``tier_type`` of GET /account: the vendor's older plan names.
PLAN_TIERS = {
    "free": "Sprout",
    "trial": "Forest",
    "growth": "Blossom",
    "pro": "Estate",
    "enterprise": "Forest",
    "addon_1000": "Forest",
    "addon_2000": "Forest",
}


class SettingError(ValueError):
    """A knob that does not exist or a value it does not take; the text says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One consistent set of knobs; a change makes a new one.

    ``limits`` overrides single buckets of the plan (None switches a bucket's limit off).
    ``window_s`` is the length of a rate window. ``latency_ms`` is added to every answer.
    ``search_index_lag_s``, ``job_delay_s``, ``sla_delay_s`` are sim-clock seconds until a write is
    searchable, a bulk job runs, an SLA fills ``due_by``. ``webhook_retry_schedule_s`` holds the
    waits before each retry of a failed webhook (the help centre's default: every 30 minutes, 48
    calls in all), ``webhook_hourly_cap`` the calls per hour before buffering, and
    ``webhook_timeout_s`` how long a receiver may take. ``features`` adds to the plan's,
    ``without_features`` takes away. ``suspended`` answers everything with ``account_suspended``.
    ``bare_rule_list`` lists automation rules as an array, not as the ``{"rules", "meta"}`` of the
    vendor's page.
    """

    plan: str = DEFAULT_PLAN
    limits: Mapping[str, int | None] = field(default_factory=dict)
    window_s: float = 60.0
    latency_ms: float = 0.0
    search_index_lag_s: float = 0.0
    job_delay_s: float = 0.0
    sla_delay_s: float = 2.0
    webhook_retry_schedule_s: tuple[float, ...] = (1800.0,) * 47
    webhook_hourly_cap: int = 1000
    webhook_timeout_s: float = 10.0
    features: frozenset[str] = frozenset()
    without_features: frozenset[str] = frozenset()
    max_agents: int = 1000
    suspended: bool = False
    bare_rule_list: bool = False
    domain: str = "acmedemo"

    def limit(self, bucket: str) -> int | None:
        """Credits per window for ``bucket``; None means unlimited."""
        if bucket in self.limits:
            return self.limits[bucket]
        return PLAN_LIMITS[self.plan].get(bucket)

    def has_feature(self, feature: str) -> bool:
        granted = PLAN_FEATURES[self.plan] | self.features
        return feature in granted and feature not in self.without_features


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """``settings`` with ``changes`` from JSON applied.

    Raises SettingError naming the knob and what it takes when a name or value is wrong.
    """
    known = {knob.name: knob.type for knob in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise SettingError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
        values[name] = _converted(name, value)
    # A new plan brings its own numbers: overrides made for the old one would mislead.
    if "plan" in values and "limits" not in values:
        values["limits"] = {}
    return replace(settings, **values)


def _converted(name: str, value: Any) -> Any:
    default = getattr(Settings(), name)
    if name == "plan" and value not in PLAN_LIMITS:
        raise SettingError(f"plan is one of {', '.join(PLAN_LIMITS)}, not {value!r}")
    if name == "limits":
        return _limits(value)
    if name == "webhook_retry_schedule_s":
        return tuple(_number(name, item) for item in _list(name, value))
    if isinstance(default, frozenset):
        return frozenset(str(item) for item in _list(name, value))
    if isinstance(default, bool | str):
        if not isinstance(value, type(default)):
            raise SettingError(f"{name} takes a {type(default).__name__}, not {value!r}")
        return value
    number = _number(name, value)
    if name == "window_s" and number <= 0:
        raise SettingError("window_s takes seconds > 0")
    return int(number) if isinstance(default, int) else number


def _limits(value: Any) -> dict[str, int | None]:
    if not isinstance(value, dict) or not value.keys() <= set(BUCKETS):
        raise SettingError(f"limits is an object with keys among {', '.join(BUCKETS)}")
    for bucket, limit in value.items():
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
            raise SettingError(f"limits.{bucket} takes a whole number or null, not {limit!r}")
    return dict(value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SettingError(f"{name} takes a list, not {value!r}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SettingError(f"{name} takes a number >= 0, not {value!r}")
    return float(value)
