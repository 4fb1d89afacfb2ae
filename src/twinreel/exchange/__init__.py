"""Hashes of videos in the formats that platforms exchange: vPDQ and TMK+PDQF, matched by their own rules.

Functions of bytes and arrays; nothing here opens a file.
"""
