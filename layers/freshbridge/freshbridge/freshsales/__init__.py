"""Freshsales' REST API: the client, the rules of its wire, what its replies mean.

Facts: https://developers.freshworks.com/crm/api/
"""
