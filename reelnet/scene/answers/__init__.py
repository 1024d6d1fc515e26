"""What the network answers to one sample: which sample, and the answer in words."""
