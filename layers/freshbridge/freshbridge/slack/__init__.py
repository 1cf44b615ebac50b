"""Slack: messages through an app's bot token, or through one of its incoming webhooks."""
