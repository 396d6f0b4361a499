"""Files in, tables out. No database, no models."""

from ingest.read import read_catalog
from ingest.report import IngestReport
from ingest.settings import IngestSettings

__all__ = ["IngestReport", "IngestSettings", "read_catalog"]
