"""A Slack channel behind an incoming webhook."""
