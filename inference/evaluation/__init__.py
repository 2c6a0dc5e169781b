"""How good the checker, the facts and the engines are, measured on open data and on hand-written claims."""
