"""Messages between functions: what they look like, how they are sent, put off and parked."""
