"""The rules of the building: small pure state machines, one module each.

A rule gets its state, the :class:`~arni_edge.automation.picture.Picture` and the moment, and gives its next
state and its wishes. It knows nobody else: what happens when two rules want different things is decided in
:mod:`arni_edge.automation.rulebook`.
"""
