"""The workbench: one item, one decision, next."""
