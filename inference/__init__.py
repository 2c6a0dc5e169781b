"""Epitome's inference: notes in, checked claims out. No database, no Django: it runs on a GPU box alone."""
