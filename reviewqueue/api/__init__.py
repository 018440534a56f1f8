"""The public API: JSON in and out, a file per resource; parse, call one verb, render."""
