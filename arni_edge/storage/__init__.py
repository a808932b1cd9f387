"""The one database file: what matters is in here before anything acts on it."""

from arni_edge.storage.database import Database, Row, Transaction

__all__ = ["Database", "Row", "Transaction"]
