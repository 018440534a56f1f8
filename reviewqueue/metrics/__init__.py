"""Reads every stage, writes none: what the board predicts and what the quality page counts."""
