// Take the writers' lock if nobody holds it. Parameters: $name, $token, $holder, $host, $pid, $boot, $seconds, $dead.
// $dead is the token of a holder that the caller knows to be dead (its process is gone), or null.
// Returns who holds it now; the caller has it when `token` is its own.
MERGE (lock:AlsoBoughtLock {name: $name})
SET lock.asked = timestamp()  // takes the node's write lock, so that two askers are served one after the other
WITH lock
WHERE lock.token IS NULL OR lock.token = $token OR lock.token = $dead OR lock.expires < timestamp()
SET lock.token = $token, lock.holder = $holder, lock.host = $host, lock.pid = $pid, lock.boot = $boot,
    lock.since = timestamp(), lock.expires = timestamp() + $seconds * 1000;
