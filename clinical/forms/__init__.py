"""Forms; a file per noun."""
