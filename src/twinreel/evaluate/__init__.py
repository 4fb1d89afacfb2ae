"""The field's benchmarks: ground truths, metrics as their authors compute them, and what a library scores."""
