"""One function per thing that can be done: the only writers of the database, the only callers of inference."""
