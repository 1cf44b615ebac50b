"""Fakes with memory: they stand where a service stands and remember what they were asked."""
