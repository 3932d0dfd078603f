"""`evergrant quickstart`: whole programs, filled in for the server that runs here."""
