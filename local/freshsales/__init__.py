"""A Freshsales account on one machine: REST API with state, limits, faults, jobs and workflows.

``python -m local.freshsales --port 8011`` serves it, as a Suite account or, with ``--persona
classic``, as one of the older generation that has leads. It is an independent reading of the
vendor's public pages (developers.freshworks.com/crm/api and support.freshsales.io) and of answers
that public clients recorded; it must not import the product it is used to test.

Where things are: ``app`` is the HTTP edge, ``account`` the state, ``models`` one description per
kind of record, ``records`` every change to one, ``route_table`` the list of resource families.

Not there: custom modules, phone calls, and what fills timeline feeds, connections and reminders
(they are empty).
"""
