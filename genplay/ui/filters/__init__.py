"""Parts of the Filters panel."""
