"""Files in, tables out. No database, no models."""
