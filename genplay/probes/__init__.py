"""Questions to a model, one a file, found by walking this package."""
