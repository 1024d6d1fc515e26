"""The demonstration: networks and datasets that `reelnet demo` and `reelnet train` train on their own."""
