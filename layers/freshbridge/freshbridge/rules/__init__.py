"""Automation rules: when this event has these values, run these actions."""
