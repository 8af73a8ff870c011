"""Model families, one a file, found by walking this package."""
