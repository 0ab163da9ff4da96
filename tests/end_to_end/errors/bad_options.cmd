# One command line a message.
for line in "" "foo" "run" "run a b" "run a --threads=x" "run a --precision=f16" "train --only" "check a --rows=0" \
            "check a --elements=x" "dump a --stage=x" "run a --verify-each=x" "train a --check-numeric" \
            "run terminal_escapes.gir --set=a=1" "run slices.gradus --data=x.npz" "dump slices.gradus --print-after=fuse" \
            "dump slices.gradus --stage=loops --format=dot" "opt --list --no-origins"; do
  "$gradus" $line
done
GRADUS_THREADS=-5 "$gradus" run slices.gradus
