"""The ``linkage`` command's parts, by who runs them: each parses, calls what `linkage` offers, and prints."""
