"""eSIM Go, API versions 2.5 and 2.4 (reference: suppliers, section 1)."""
