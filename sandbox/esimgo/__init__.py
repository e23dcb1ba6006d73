"""Stand-in for eSIM Go, API versions 2.4 and 2.5."""
