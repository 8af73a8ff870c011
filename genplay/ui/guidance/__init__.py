"""The parts of the Guidance panel."""
