"""The panel `flow`: one sample's way through the layers of a network."""
