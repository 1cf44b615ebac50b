"""Freshdesk's numbers and words under their names. Pure: no I/O.

Facts: https://developers.freshdesk.com/api/#ticket_attributes,
https://developers.freshdesk.com/api/#conversations
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Self


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("-", " ").split()).casefold()


class LabelledNumber(IntEnum):
    """A number the API takes, with the label its users see."""

    label: str

    def __new__(cls, value: int, label: str) -> Self:
        """Make a member that is its number and knows its label."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def parse(cls, value: str | int) -> Self:
        """Return the member for a number, a number as text, or a label in any letter case.

        Blanks, hyphens and underscores in a label are the same. Raises ValueError naming the
        accepted labels.
        """
        # True is an int to Python; it must not pass for number 1.
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
        word = _plain(value) if isinstance(value, str) else None
        for member in cls:
            if number == member.value or word in (_plain(member.label), str(member.value)):
                return member
        accepted = ", ".join(f"{member.label} ({member.value})" for member in cls)
        raise ValueError(f"{cls.__name__} is none of: {accepted}.")


class Status(LabelledNumber):
    """A ticket's status. An account's own statuses have numbers from 8 on; see status_number."""

    OPEN = 2, "Open"
    PENDING = 3, "Pending"
    RESOLVED = 4, "Resolved"
    CLOSED = 5, "Closed"
    WAITING_ON_CUSTOMER = 6, "Waiting on Customer"
    WAITING_ON_THIRD_PARTY = 7, "Waiting on Third Party"


class Priority(LabelledNumber):
    """A ticket's priority."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"


class Source(LabelledNumber):
    """The channel a ticket came through."""

    EMAIL = 1, "Email"
    PORTAL = 2, "Portal"
    PHONE = 3, "Phone"
    FORUM = 4, "Forum"
    TWITTER = 5, "Twitter"
    FACEBOOK = 6, "Facebook"
    CHAT = 7, "Chat"
    MOBIHELP = 8, "MobiHelp"
    FEEDBACK_WIDGET = 9, "Feedback Widget"
    OUTBOUND_EMAIL = 10, "Outbound Email"
    ECOMMERCE = 11, "Ecommerce"
    BOT = 12, "Bot"
    WHATSAPP = 13, "WhatsApp"


class ConversationSource(LabelledNumber):
    """What a conversation's entry is; unrelated to the numbers of Source."""

    REPLY = 0, "Reply"
    NOTE = 2, "Note"
    TWEET = 5, "Tweet"
    SURVEY_FEEDBACK = 6, "Survey Feedback"
    FACEBOOK_POST = 7, "Facebook Post"
    FORWARDED_EMAIL = 8, "Forwarded Email"
    PHONE = 9, "Phone"
    MOBIHELP = 10, "MobiHelp"
    ECOMMERCE = 11, "Ecommerce"


class AssociationType(LabelledNumber):
    """A ticket's part in a family of tickets."""

    PARENT = 1, "Parent"
    CHILD = 2, "Child"
    TRACKER = 3, "Tracker"
    RELATED = 4, "Related"


class TicketScope(LabelledNumber):
    """Which tickets an agent sees: https://developers.freshdesk.com/api/#agents."""

    GLOBAL = 1, "Global"
    GROUP = 2, "Group"
    RESTRICTED = 3, "Restricted"


class SatisfactionRating(LabelledNumber):
    """A survey's answer: https://developers.freshdesk.com/api/#satisfaction-ratings."""

    EXTREMELY_HAPPY = 103, "Extremely Happy"
    VERY_HAPPY = 102, "Very Happy"
    HAPPY = 101, "Happy"
    NEUTRAL = 100, "Neutral"
    UNHAPPY = -101, "Unhappy"
    VERY_UNHAPPY = -102, "Very Unhappy"
    EXTREMELY_UNHAPPY = -103, "Extremely Unhappy"


class TicketFilter(StrEnum):
    """The predefined filters of the ticket list, which hides deleted and spam without them."""

    NEW_AND_MY_OPEN = "new_and_my_open"
    WATCHING = "watching"
    SPAM = "spam"
    DELETED = "deleted"


class TicketOrder(StrEnum):
    """What the ticket list may be ordered by."""

    CREATED_AT = "created_at"
    DUE_BY = "due_by"
    UPDATED_AT = "updated_at"
    STATUS = "status"


class TicketInclude(StrEnum):
    """What a single ticket can embed; each costs one more call of the rate limit."""

    CONVERSATIONS = "conversations"
    REQUESTER = "requester"
    COMPANY = "company"
    STATS = "stats"


def status_number(value: str | int, account_statuses: Mapping[str, int] | None = None) -> int:
    """Return a status's number for its number or label, the account's own statuses included.

    `account_statuses` maps labels to numbers, as the account's status field defines them; a label
    given there wins over the stock one, for stock labels can be renamed. Any number from 8 on may
    be an account's own, so it is passed through. Raises ValueError.
    """
    own = {_plain(label): number for label, number in (account_statuses or {}).items()}
    if isinstance(value, str) and _plain(value) in own:
        return own[_plain(value)]
    text = str(value).strip()
    if (
        not isinstance(value, bool)
        and text.isascii()
        and text.isdecimal()
        and int(text) > max(Status)
    ):
        return int(text)
    try:
        return int(Status.parse(value))
    except ValueError:
        accepted = ", ".join([*(member.label for member in Status), *(account_statuses or {})])
        raise ValueError(f"Status is none of: {accepted}.") from None
