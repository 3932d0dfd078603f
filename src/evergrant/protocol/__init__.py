"""The words and shapes of the specifications. Pure: no clock, no chance, no input or output."""
