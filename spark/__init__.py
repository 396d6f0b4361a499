"""Past one machine: the ingest, orders to pairs, counting models, ALS and Word2Vec as Apache Spark jobs.

The same readers, rules and statements as on one machine, so that the results are the same. Needs ``alsobought[spark]``.
Spark is for what one machine cannot hold; below that it is slower than the other rooms (``docs/scale.md``).
"""
