"""The demonstration: networks and data sets that reelnet trains by itself."""
