"""Between facts and rows. Lists and maps are JSON text, yes and no are 1 and 0."""
