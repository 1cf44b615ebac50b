"""Freshdesk's REST API v2: the client, the rules of its wire, its vocabulary.

Facts: https://developers.freshdesk.com/api/
"""
