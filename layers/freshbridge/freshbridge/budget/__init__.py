"""The shared rate budget: one ledger per provider account, on which every function draws.

`account` is the arithmetic (see `capacity` why it keeps within the provider's limit), `ledger`
keeps its state in DynamoDB, `budgeted_transport` makes every call of a client wait for its slot.

A client needs nothing but a transport from `Budgets.around(transport, platform=…, origin=…,
waiting=…)`, which `Connections.use` gives it: what its calls cost, what the replies' headers say,
and what a reply that means too many calls looks like, is known by the platform's class in `limits`.
For Freshsales that is an hour's limit and a minute's, and throttling that comes as a 400 or a 405:
see `limits.Freshsales.refusal`. Nothing else has to be told to the budget.
"""
