"""Stands in for Stripe: payments, refunds, disputes, payouts, Checkout and signed webhooks, with books of its own."""
