// Who holds the lock. Parameters: $name.
MATCH (lock:AlsoBoughtLock {name: $name})
RETURN lock.token AS token, lock.holder AS holder, lock.host AS host, lock.pid AS pid, lock.boot AS boot,
       lock.since AS since, lock.expires AS expires, timestamp() AS now;
