"""Several projects, several clones: the tenant, the router between projects, publishing."""
