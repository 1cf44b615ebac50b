"""E-mail through Amazon SES, where the stack was deployed with a sender."""
