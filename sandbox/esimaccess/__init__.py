"""eSIM Access (Redtea), standing in: the partner API under /api/v1/open, its catalogue, its books and its webhooks."""
