"""Interactive figures: one HTML page with the values of all steps, drawn by the script in `reelnet/figure`."""
