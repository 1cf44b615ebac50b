"""The sync part of `make bench`: the same account copied by Freshbridge and by what exists.

Every subject copies the tickets of one simulated account; what it holds in the end is compared
with the account itself, record by record, and the account's statistics tell what it took.
"""
