"""The embedded Neo4j: the real Community server, fetched by pinned coordinates and run privately on this machine.

One folder holds everything: ``home/jars`` is the cache of Neo4j's jars, ``home/databases/NAME`` a database with its
configuration, logs and password, ``home/current`` the name of the database that commands use. A :class:`EmbeddedServer`
runs one such database; it outlives the command that started it, unless it was started as a context manager.
"""

from graph.embedded.address import ServerAddress, ServerStatus
from graph.embedded.homes import current_name, database_folder, databases, use
from graph.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "ServerAddress", "ServerStatus", "current_name", "database_folder", "databases", "use"]
