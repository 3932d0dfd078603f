"""Effects: the engine, the endpoints, the pages. Nothing else here writes."""
