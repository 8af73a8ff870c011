"""The parts of the Unfold panel."""
