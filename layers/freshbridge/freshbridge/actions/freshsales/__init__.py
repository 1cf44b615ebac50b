"""What can be done in Freshsales."""
