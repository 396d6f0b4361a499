"""The scheduled job: notice what changed, learn it anew, refuse what is worse, publish, and say what was done."""
