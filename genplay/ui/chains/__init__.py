"""The parts of the Chain lab."""
