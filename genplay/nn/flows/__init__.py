"""Invertible transforms with a log-determinant, of which normalizing flows are built."""
