"""The set-up of webhooks against the Freshdesk simulator."""
