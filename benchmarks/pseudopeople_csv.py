"""pseudopeople's sample as CSV files with noise: python -P pseudopeople_csv.py <seed> <noise> <folder>.

Run in its own environment, and with -P, as pseudopeople needs PyTables, whose module is called tables too. Writes
births.csv (newborns that Social Security registered, 2014 to 2030), wic.csv (mothers and small children of 2019 to
2030, as each first appears) and census.csv (2030), with an `id` and the person as `simulant`. Every kind of error has
that probability for each value of each identifying column, as far as pseudopeople can: not everyone has a nickname or
a household to copy from. No row is left out or doubled. Noise "default" is pseudopeople's own instead, which leaves
some rows out; who comes twice is kept once, as first. The last line of stdout is JSON: the versions.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pseudopeople

YEARS = range(2019, 2031)
FIRST_BIRTH = "2014"
NONE = {"cell_probability": 0.0}
CHOICE = {"first_name": "given_name", "last_name": "surname", "date_of_birth": "dob"}


def births(seed: int, noise: float | None) -> pd.DataFrame:
    table = pseudopeople.generate_social_security(
        year=YEARS[-1], seed=seed, config=config("social_security", noise, clean=("event_date", "event_type", "ssn"))
    )
    table = table[(table["event_type"] == "creation") & (table["event_date"].astype(str) >= FIRST_BIRTH)]
    return table.assign(middle_initial=table["middle_name"].astype("string").str[:1])


def wic(seed: int, noise: float | None) -> pd.DataFrame:
    settings = config("women_infants_and_children", noise)
    tables = [pseudopeople.generate_women_infants_and_children(year=year, seed=seed, config=settings) for year in YEARS]
    return pd.concat(tables, ignore_index=True).drop_duplicates("simulant_id")


def census(seed: int, noise: float | None) -> pd.DataFrame:
    settings = config("decennial_census", noise)
    table = pseudopeople.generate_decennial_census(year=YEARS[-1], seed=seed, config=settings)
    return table.drop_duplicates("simulant_id")


def config(dataset: str, noise: float | None, *, clean: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every error of every column at that probability, none on those named, whole rows left alone; None: the default.

    What is ``clean`` decides which rows are newborns', so it is without errors in either case.
    """
    default = pseudopeople.get_config()[dataset]
    if noise is None:
        kinds = {column: default["column_noise"][column] for column in clean}
        return {dataset: {"column_noise": {column: dict.fromkeys(own, NONE) for column, own in kinds.items()}}}
    return {
        dataset: {
            "row_noise": {kind: dict.fromkeys(rates, 0.0) for kind, rates in default.get("row_noise", {}).items()},
            "column_noise": {
                column: {kind: {"cell_probability": 0.0 if column in clean else noise} for kind in kinds}
                for column, kinds in default["column_noise"].items()
            },
        }
    }


def written(table: pd.DataFrame, path: Path) -> None:
    """Number the rows, put the address in one column, write."""
    table = table.rename(columns=CHOICE).reset_index(drop=True)
    if "street_name" in table:
        parts = [
            table[column].astype("string").fillna("") for column in ("street_number", "street_name", "unit_number")
        ]
        table["address"] = (parts[0] + " " + parts[1] + " " + parts[2]).str.split().str.join(" ")
    table.insert(0, "id", [f"{path.stem}-{number:06}" for number in range(len(table))])
    wanted = ("id", "simulant_id", "given_name", "middle_initial", "surname", "dob", "sex", "address")
    kept = table[[column for column in wanted if column in table]].rename(columns={"simulant_id": "simulant"})
    kept.to_csv(path, index=False)


def main() -> None:
    seed, folder = int(sys.argv[1]), Path(sys.argv[3])
    noise = None if sys.argv[2] == "default" else float(sys.argv[2])
    warnings.simplefilter("ignore")
    for make in (births, wic, census):
        written(make(seed, noise), folder / f"{make.__name__}.csv")
    print(json.dumps({name: version(name) for name in ("pseudopeople", "pandas")}))


if __name__ == "__main__":
    main()
