"""Contacts sent one by one, as a script has it: a session whose adapter retries what failed.

  python -m bench.peers.urllib3_retry ORIGIN API_KEY NUMBER PREFIX

urllib3's Retry honours a Retry-After, else waits twice as long each time; whatever it gives up, or
is refused otherwise, is left out, as the script's user would see in its output.
"""

from __future__ import annotations

import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from bench.peers.given import CALL_TIMEOUT_S, tell

RETRY = Retry(
    total=8,
    backoff_factor=1,
    backoff_max=30,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)


def send(origin: str, api_key: str, number: int, prefix: str) -> None:
    """Create so many contacts."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(max_retries=RETRY))
    session.headers["Authorization"] = f"Token token={api_key}"
    for one in range(number):
        contact = {"last_name": f"Fair {one}", "emails": f"{prefix}{one}@fair.example"}
        try:
            reply = session.post(
                f"{origin}/crm/sales/api/contacts",
                json={"contact": contact},
                timeout=CALL_TIMEOUT_S,
            )
        except requests.RequestException as error:
            tell("failed", error=type(error).__name__)
        else:
            if not reply.ok:
                tell("refused", status=reply.status_code)


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
