"""What can be sent by e-mail."""
