"""What every simulated account is built from: clock, schedule, faults, routes, counts, steering.

Nothing here knows a provider. ``local.freshdesk`` and ``local.freshsales`` are the providers; like
them, this room never imports the product that it is used to test.
"""
