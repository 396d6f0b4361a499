"""One file a subcommand; each imports what is heavy inside its function, so that --help stays quick."""
