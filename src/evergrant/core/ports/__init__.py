"""What the judgement needs from the world: time and chance, a Reader that only asks, a Ledger that only the engine holds."""
