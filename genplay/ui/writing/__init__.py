"""Parts of the Writing panel: a text whose open places a model fills, and what each character is drawn from."""
