"""Interactive figures: one HTML page with the maps of all steps, drawn by the script in `reelnet/figure`."""
