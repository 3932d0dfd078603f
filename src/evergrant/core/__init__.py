"""The authorization server's judgement. Pure: facts in, decisions out; no clock, no chance, no I/O."""
