"""Opens the database that the settings name, and loads only what that one needs."""

from arni_edge.relay.server.store import Store
from arni_edge.settings.relay_server import RelayServer


async def open_store(settings: RelayServer) -> Store:
    """The database that the settings name.

    Raises:
        ConfigurationError: It cannot be used.
        Unavailable: It cannot be reached now.
    """
    url = settings.database.url
    if url is None:
        from arni_edge.relay.server.sqlite import SqliteStore  # noqa: PLC0415 - only the one that is used

        return await SqliteStore.open(settings.database.path)
    from arni_edge.relay.server.postgres import PostgresStore  # noqa: PLC0415 - only the one that is used

    return await PostgresStore.open(url.get_secret_value(), connections=settings.database.connections)
