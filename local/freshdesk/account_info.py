"""``GET /account`` and ``GET /settings/helpdesk``: cheap calls that say whose key it is.

Source: developers.freshdesk.com/api, Account and Settings.
"""

from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.settings import PLAN_TIERS


def _account(request: Request) -> Reply:
    account = request.account
    domain = account.settings.domain
    agents = [one for one in account.agents.values() if not one["deactivated"]]
    occasional = sum(one["occasional"] for one in agents)
    first = next(iter(agents))["contact"]
    first_name, _, last_name = first["name"].partition(" ")
    return Reply(
        200,
        {
            # Above 2**53: a client that reads JSON numbers as doubles corrupts it.
            "organisation_id": 284_960_733_419_037_821,
            "organisation_name": f"{domain}.myfreshworks.com",
            "account_id": 1_840_509,
            "account_name": "Acme Demo",
            "account_domain": account.host,
            "bundle_id": None,
            "hipaa_compliant": False,
            "total_agents": {
                "full_time": len(agents) - occasional,
                "occasional": occasional,
                "field_service": 0,
                "collaborators": 0,
            },
            "timezone": "Eastern Time (US & Canada)",
            "data_center": "US",
            "tier_type": PLAN_TIERS[account.settings.plan],
            "address": {
                "country": "USA",
                "state": "California",
                "city": "San Mateo",
                "street": "1 Demo St",
                "postalcode": "94403",
            },
            "contact_person": {
                "firstname": first_name,
                "lastname": last_name,
                "email": first["email"],
            },
        },
    )


def _helpdesk(_: Request) -> Reply:
    return Reply(200, {"primary_language": "en", "supported_languages": [], "portal_languages": []})


ROUTES = (
    Route("GET", "/account", _account),
    Route("GET", "/settings/helpdesk", _helpdesk),
)
