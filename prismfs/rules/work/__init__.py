"""Work items: created, claimed, linked, closed; todos."""
