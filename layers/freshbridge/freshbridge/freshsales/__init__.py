"""Freshsales' REST API: what its replies mean.

Facts: https://developers.freshworks.com/crm/api/
"""
