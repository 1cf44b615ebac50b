"""A Freshdesk account on one machine: REST API v2 with state, limits, faults and webhooks.

``python -m local.freshdesk --port 8010`` serves it. It is an independent reading of the vendor's
public pages (developers.freshdesk.com/api) and must not import the product it is used to test.

Where things are: ``app`` is the HTTP edge, ``routing`` the shape of a request and its answer,
``account`` the state, ``ticket_writes`` every change to a ticket, ``route_table`` the list of
resource families, and each family is one file with a ``ROUTES`` table.
"""
