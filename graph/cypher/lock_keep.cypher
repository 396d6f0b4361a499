// Say that the holder still lives. Parameters: $name, $token, $seconds. No row: the lock is lost.
MATCH (lock:AlsoBoughtLock {name: $name, token: $token})
SET lock.expires = timestamp() + $seconds * 1000
RETURN lock.expires AS expires;
