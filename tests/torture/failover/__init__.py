"""A primary dies and its standby takes over, under load: what was acknowledged, what was lost, and what heals."""
