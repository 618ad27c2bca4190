"""What leaves the centre: each agency's own records with link ids, and counts under disclosure control."""
