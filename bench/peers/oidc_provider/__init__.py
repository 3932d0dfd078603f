"""node-oidc-provider, from npm."""
