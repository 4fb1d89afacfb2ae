"""One vector, fingerprint or hash for a whole video, from the vectors of its frames. Functions of arrays."""
