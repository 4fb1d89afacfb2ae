"""A scan in steps that map shards to shards, with files in between: what a cluster runs.

    look      paths by hash            -> content ids, probes, heads
    streams   videos by head           -> same streams
    describe  videos by content id     -> fingerprints
    refit     the standing videos      -> the reference
    search    an index shard, queries  -> nearest neighbours
    vote      queries by content id    -> candidates
    align     pairs by the lower id    -> matches
    settle    queries by content id    -> which matches are kept, and which searches go on
    keep      pairs by the lower id    -> the matches
    common    pairs by the lower id    -> in a cascade: stretches worth a second look
    want      stretches by content id  -> what is to be looked into
    deepen    videos by content id     -> fingerprints with more frames, which are searched for again
    link      videos by content id     -> connected components, in rounds
    group     components by label      -> groups

A step is a ``Job``: it reads files of the folder of the run and writes one, whose name is a hash of what it was made
from. A job whose file is there is done, so that any of them can be run again, anywhere, at any time.
"""
