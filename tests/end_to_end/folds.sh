#!/usr/bin/env bash
# examples/programs/regularised.gradus as it stands, with a table of its own: five folds, penalties, early stopping.
set -euo pipefail
gradus=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work" && mkdir -p "$work"
cp "$here/../../examples/programs/regularised.gradus" "$work"
python3 - > "$work/churn.csv" <<'END'
import random
random.seed(1)
print("months,calls,bill,left")
for _ in range(400):
    months, calls, bill = random.uniform(0, 60), random.randrange(8), random.gauss(50, 10)
    print(f"{months:.1f},{calls},{bill:.2f},{int(months < 24 and calls > 1)}")
END
"$gradus" train "$work/regularised.gradus" --set epochs=60 -q --overwrite -o "$work/run" > "$work/output.txt"
cat "$work/output.txt"
[ "$(wc -l < "$work/run/folds.csv")" -ge 6 ]
grep -q '^validation.accuracy = ' "$work/output.txt"
