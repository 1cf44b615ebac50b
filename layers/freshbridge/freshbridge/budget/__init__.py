"""The shared rate budget: one ledger per provider account, on which every function draws.

`account` is the arithmetic (see there why it keeps within the provider's limit), `ledger` keeps its
state in DynamoDB, `budgeted_transport` makes every call of a client wait for its slot.
"""
