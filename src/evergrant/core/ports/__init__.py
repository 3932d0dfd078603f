"""What the judgement needs from the world: time, chance, a Reader that asks, a Ledger only the engine holds."""
