"""Recording: a recorder around a training loop. Of the whole package, only `record` and `demo` import torch."""
