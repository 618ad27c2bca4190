"""One seeded half of Febrl 4 as CSV files: python febrl4_csv.py a.csv b.csv truth.csv."""

import sys

import febrl4
from pyarrow import csv

if __name__ == "__main__":
    left, right = febrl4.halves(*febrl4.load(), seed=0)
    for table, path in ((left, sys.argv[1]), (right, sys.argv[2])):
        csv.write_csv(table.select(["rec_id", *febrl4.TYPES]), path)
    csv.write_csv(febrl4.truth(left, right), sys.argv[3])
