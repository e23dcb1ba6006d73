"""eSIM Access (Redtea) (reference: suppliers, section 2)."""
