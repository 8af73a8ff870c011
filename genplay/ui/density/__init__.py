"""Parts of the Density panel."""
