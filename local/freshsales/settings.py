"""The knobs of an account: persona, plan, limits, windows, and what the vendor leaves open.

``POST /__sim/config`` changes them by these names. Plan numbers: support.freshsales.io and
crmsupport.freshworks.com, "API rate limits" (calls per account: per hour by plan, per minute 400).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

HOURLY: Mapping[str, Mapping[str, int]] = {
    "suite": {"free": 1000, "growth": 1000, "pro": 2000, "enterprise": 5000},
    "classic": {"blossom": 1000, "garden": 1000, "estate": 2000, "forest": 5000},
}
PER_MINUTE = 400
WINDOWS = ("hour", "minute")
PERSONAS = tuple(HOURLY)

# Values of the knobs that take one of a few words.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "persona": PERSONAS,
    "retry_hint": ("reset_epoch", "reset_epoch_ms", "reset_dmyhis", "retry_after", "none"),
    "language": ("en", "nl", "es"),
    "error_form": ("list", "text"),
    "job_ends": ("SUCCESS", "FAILED"),
    "contact_required": ("any", "email", "last_name", "none"),
    "unknown_custom_fields": ("ignore", "reject"),
}


class SettingError(ValueError):
    """A knob that does not exist or a value it does not take; the text says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One consistent set of knobs; a change makes a new one.

    ``limits`` overrides the plan's calls per ``hour`` and ``minute`` (None switches one off);
    ``window_s`` and ``minute_window_s`` are how long those two windows last. ``retry_hint`` is how
    a 429 tells when to come back, ``latency_ms`` is added to every answer. ``search_index_lag_s``
    and ``job_delay_s`` are sim-clock seconds until a write can be found and until a bulk job has
    run, ``job_polls`` how often its status says IN_PROGRESS at least, ``job_ends`` what it says at
    the end (FAILED: nothing was written), ``bulk_at_once`` how many jobs may be waiting to run
    before the next is refused with 405.

    Where public sources disagree, a knob decides: ``create_status`` (200 or 201), ``leads_status``
    (what leads answer on Suite), ``contact_required``, ``unknown_custom_fields``,
    ``deleted_keep_keys`` (whether a soft-deleted contact's e-mail address stays taken),
    ``error_form`` (message as list or text) and ``language`` of messages.
    ``forbidden`` names resources this user may not touch (403), ``required_fields`` those an
    administrator made mandatory, as ``contacts.city``. ``utc_offset_minutes`` is the time zone in
    which the account writes its stamps.
    """

    persona: str = "suite"
    plan: str = ""
    limits: Mapping[str, int | None] = field(default_factory=dict)
    window_s: float = 3600.0
    minute_window_s: float = 60.0
    latency_ms: float = 0.0
    retry_hint: str = "reset_epoch"
    search_index_lag_s: float = 0.0
    job_delay_s: float = 0.2
    job_polls: int = 0
    job_ends: str = "SUCCESS"
    bulk_at_once: int = 8
    bulk_size: int = 100
    create_status: int = 200
    leads_status: int = 403
    contact_required: str = "any"
    unknown_custom_fields: str = "ignore"
    deleted_keep_keys: bool = False
    error_form: str = "list"
    language: str = "en"
    forbidden: frozenset[str] = frozenset()
    required_fields: frozenset[str] = frozenset()
    utc_offset_minutes: int = 120
    webhook_retry_schedule_s: tuple[float, ...] = ()
    webhook_timeout_s: float = 10.0

    @property
    def classic(self) -> bool:
        return self.persona == "classic"

    @property
    def plan_name(self) -> str:
        return self.plan or ("blossom" if self.classic else "growth")

    def limit(self, window: str) -> int | None:
        """Calls allowed per ``hour`` or ``minute``; None means unlimited."""
        if window in self.limits:
            return self.limits[window]
        return HOURLY[self.persona][self.plan_name] if window == "hour" else PER_MINUTE

    def length_s(self, window: str) -> float:
        return self.window_s if window == "hour" else self.minute_window_s


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """``settings`` with ``changes`` from JSON applied.

    Raises SettingError naming the knob and what it takes when a name or value is wrong.
    """
    known = {knob.name for knob in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise SettingError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
        values[name] = _converted(name, value)
    # A new plan brings its own numbers: overrides made for the old one would mislead.
    if "plan" in values and "limits" not in values:
        values["limits"] = {}
    result = replace(settings, **values)
    plans = HOURLY[result.persona]
    if result.plan_name not in plans:
        raise SettingError(f"plan is one of {', '.join(plans)}, not {result.plan_name!r}")
    return result


def _converted(name: str, value: Any) -> Any:
    if name == "limits":
        return _limits(value)
    if name == "utc_offset_minutes":
        return int(_number(name, value, least=-14 * 60))
    if name in CHOICES and value not in CHOICES[name]:
        raise SettingError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}")
    return _of_the_kind(name, value, getattr(Settings(), name))


def _of_the_kind(name: str, value: Any, default: Any) -> Any:
    """``value`` as the kind of thing that the default is."""
    if isinstance(default, tuple):
        return tuple(_number(name, item) for item in _list(name, value))
    if isinstance(default, frozenset):
        return frozenset(str(item) for item in _list(name, value))
    if isinstance(default, bool | str):
        if not isinstance(value, type(default)):
            raise SettingError(f"{name} takes a {type(default).__name__}, not {value!r}")
        return value
    number = _number(name, value)
    if name in {"window_s", "minute_window_s"} and number <= 0:
        raise SettingError(f"{name} takes seconds > 0")
    return int(number) if isinstance(default, int) else number


def _limits(value: Any) -> dict[str, int | None]:
    if not isinstance(value, dict) or not value.keys() <= set(WINDOWS):
        raise SettingError(f"limits is an object with keys among {', '.join(WINDOWS)}")
    for window, limit in value.items():
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
            raise SettingError(f"limits.{window} takes a whole number or null, not {limit!r}")
    return dict(value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SettingError(f"{name} takes a list, not {value!r}")
    return value


def _number(name: str, value: Any, least: float = 0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
        raise SettingError(f"{name} takes a number >= {least}, not {value!r}")
    return float(value)
