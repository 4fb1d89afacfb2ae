"""Lets every test import ``makers``, which lies beside this file."""
