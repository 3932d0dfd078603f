"""HTTP: one file an endpoint. Reads a request into a value, asks the engine, renders the answer; decides nothing."""
