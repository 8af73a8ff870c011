"""The parts of the Samples panel."""
