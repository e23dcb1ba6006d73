"""A mail catcher: takes everything by SMTP, shows it on a page and by a JSON API, and can refuse as servers do."""
