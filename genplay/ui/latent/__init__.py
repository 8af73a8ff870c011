"""The parts of the Latent panel: what it shows, and the widgets that show it."""
