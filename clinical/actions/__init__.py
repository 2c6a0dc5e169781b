"""One function per thing that can be done: the only writers of the database and callers of inference."""
