"""The parts of the GAN lab, and the drawing of distributions."""
