"""Slow data of an account, kept for a while: agents, groups, fields."""
