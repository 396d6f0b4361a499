"""Where people and clocks come in: the command line, the pages, the scheduled job."""
