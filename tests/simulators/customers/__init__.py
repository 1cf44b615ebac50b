"""Customers kept the same in both simulators."""
