"""Which seconds of a segment are proven, frame by frame, rather than likely as a whole."""
