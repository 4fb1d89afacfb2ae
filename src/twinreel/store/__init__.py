"""The store room: the catalogue (one SQLite file) and the exchange format of matches."""
