"""The benchmarks: how fast the product is beside the floor it stands on. See README.md."""
