"""Reusable widgets that draw one kind of thing."""
