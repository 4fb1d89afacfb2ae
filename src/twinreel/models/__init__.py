"""Published models by name or file: which there are, where their files lie, and how they become describers."""
