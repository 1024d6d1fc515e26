"""Files of films: frames of true color that anything may draw, with sound and chapters."""
