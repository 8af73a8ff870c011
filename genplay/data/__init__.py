"""Data sources, found by walking this package."""
