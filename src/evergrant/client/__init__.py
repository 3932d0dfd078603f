"""What a client says to an issuer and reads in its answers. No I/O: the caller carries requests and answers."""
