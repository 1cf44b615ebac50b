"""Destinations: where records go in a Freshsales account, and how each is made fit for it."""
