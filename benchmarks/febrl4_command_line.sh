#!/usr/bin/env bash
# Febrl 4 from CSV files to judged links with the README's commands alone.
#
#     bash benchmarks/febrl4_command_line.sh [folder of the programs, .venv/bin] [folder for the files]
#
# Fails unless F1 is at least 0.995 with seven fields and 0.975 with four.
set -euo pipefail
programs=$(cd "${1:-.venv/bin}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
folder=${2:-$(mktemp -d)}
mkdir -p "$folder" && cd "$folder"

"$programs/python" "$here/febrl4_csv.py" a.csv b.csv truth.csv

agreement() { # file, then name:type ...
    printf 'version = 1\nproject = "febrl-4"\nlayout = "fields"\n' > "$1"
    for field in "${@:2}"; do printf '\n[[field]]\nname = "%s"\ntype = "%s"\n' "${field%%:*}" "${field##*:}" >> "$1"; done
}
four=(given_name:name surname:name date_of_birth:date postcode:postcode)
agreement four.toml "${four[@]}"
agreement seven.toml "${four[@]}" address_1:text suburb:text state:category

rm -f project.key
"$programs/linkage" keygen project.key
for set in four seven; do
    for source in a b; do
        "$programs/linkage" encode "$source.csv" --schema "$set.toml" --key project.key --id rec_id --source "$source" \
            -o "$source-$set.parquet" 2> /dev/null
    done
    "$programs/linkage" link "a-$set.parquet" "b-$set.parquet" -o "links-$set.parquet"
    for source in a b; do
        "$programs/linkage" release "links-$set.parquet" --source "$source" -o "$source-$set-links.parquet"
        "$programs/linkage" rejoin "$source-$set-links.parquet" "$source.csv" --key project.key --id rec_id \
            -o "$source-$set-linked.csv"
    done
    "$programs/linkage" evaluate "links-$set.parquet" truth.csv --key project.key --sources a,b
    "$programs/linkage" evaluate "links-$set.parquet" truth.csv --key project.key --sources a,b --json > "$set.json"
done
"$programs/python" - << 'PYTHON'
import json
for fields, bar in (("seven", 0.995), ("four", 0.975)):
    f1 = json.load(open(f"{fields}.json"))["f1"][0]
    assert f1 >= bar, f"{fields} fields: F1 {f1} is below {bar}"
PYTHON
