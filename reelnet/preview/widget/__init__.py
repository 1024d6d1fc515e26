"""`reel.explore()`: the page of a preview in a notebook."""
