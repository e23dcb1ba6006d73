"""What every stand-in shares: books, clock, settings, faults, control routes, a webhook sender and the server."""
