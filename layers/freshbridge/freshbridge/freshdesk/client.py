"""The Freshdesk client: one short method per endpoint, by family in the files beside this one.

Facts: https://developers.freshdesk.com/api/
"""

from freshbridge.freshdesk.automation_calls import AutomationCalls
from freshbridge.freshdesk.caller import Caller, OnReply
from freshbridge.freshdesk.company_calls import CompanyCalls
from freshbridge.freshdesk.contact_calls import ContactCalls
from freshbridge.freshdesk.conversation_calls import ConversationCalls
from freshbridge.freshdesk.directory_calls import DirectoryCalls
from freshbridge.freshdesk.job_calls import JobCalls
from freshbridge.freshdesk.reference_calls import ReferenceCalls
from freshbridge.freshdesk.report_calls import ReportCalls
from freshbridge.freshdesk.ticket_calls import TicketCalls
from freshbridge.freshdesk.time_entry_calls import TimeEntryCalls

__all__ = ["FreshdeskClient", "OnReply"]


class FreshdeskClient(
    TicketCalls,
    ConversationCalls,
    TimeEntryCalls,
    ContactCalls,
    CompanyCalls,
    DirectoryCalls,
    JobCalls,
    ReferenceCalls,
    ReportCalls,
    AutomationCalls,
    Caller,
):
    """Every call of one Freshdesk account; see Caller for what it is made of and what it raises."""
