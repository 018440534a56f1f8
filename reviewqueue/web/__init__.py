"""The pages: a file per screen; parse, call one verb, render."""
