"""Customers that a Freshdesk and a Freshsales account have in common, kept the same in both."""
