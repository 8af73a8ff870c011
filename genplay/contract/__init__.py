"""What the window and the engine agree on: plain records, standard library and numpy only."""
