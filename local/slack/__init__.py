"""One Slack workspace on this machine: the calls that post messages and find them again.

A server of its own, read from Slack's documentation alone; like the other simulators it never
imports the product that it is used to test.
"""
