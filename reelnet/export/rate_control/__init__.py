"""The search for the best file under a byte cap."""
