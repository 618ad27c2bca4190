"""Why pairs are linked or not, from encodings alone."""
