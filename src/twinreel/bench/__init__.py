"""Accuracy on a user's own clips: a labelled collection made of them, runs over it, and a card of how well they did.

clips -> Recipe -> files and truth -> Run -> card
"""
