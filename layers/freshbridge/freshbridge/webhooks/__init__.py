"""Lets Freshdesk call this stack: sets up, checks, repairs and removes its automation rules."""
