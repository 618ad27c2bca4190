"""Linkage of more than memory holds, in a folder: what is done is kept, and a run that was stopped goes on from it."""
