"""The swarm: a router and agents that answer. Here they answer from templates, with no model."""
