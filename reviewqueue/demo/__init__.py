"""The demonstration workspace: a small real assistant, its handbook and its customers."""
