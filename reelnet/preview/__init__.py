"""`reelnet preview`: a reel in the browser that follows its template and its run."""
