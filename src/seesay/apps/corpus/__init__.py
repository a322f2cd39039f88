"""Corpus jobs: caption, recognize or encode millions of photos and clips, resumable, on one machine or many."""
