"""How `inference.text` reads a page: lines, headers, tables, wrapped lines, ends of sentences."""
