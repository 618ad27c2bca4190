"""A linkage that goes on: batches, records withdrawn, decisions of people, another key; link ids stay."""
