"""What the app's pages share: connection, links, cards, pictures, style. Numbers come from ``graph`` and ``models``."""
