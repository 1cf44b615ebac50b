"""What can be done at Freshdesk: one file a family, and the parameters and rules they share."""
