"""Sends events to callback URLs."""
