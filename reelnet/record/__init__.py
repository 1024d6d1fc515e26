"""The training side: the only rooms that import torch."""
