"""The tabs of the stage, one a file."""
