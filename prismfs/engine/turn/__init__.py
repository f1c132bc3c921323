"""One turn: events taken in, decided, committed, delivered."""
