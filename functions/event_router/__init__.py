"""The function that turns an event into the actions its rules ask for."""
