"""The parts of the Painting panel."""
