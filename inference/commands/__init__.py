"""The commands of `python -m inference`, a module each: none needs a database or the web application."""
