"""What can be done in Slack."""
