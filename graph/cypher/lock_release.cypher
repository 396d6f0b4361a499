// Give the lock back. Parameters: $name, $token.
MATCH (lock:AlsoBoughtLock {name: $name, token: $token})
REMOVE lock.token, lock.holder, lock.host, lock.pid, lock.boot, lock.since, lock.expires;
