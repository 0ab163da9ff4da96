# One command line a message.
printf 'program p {\n  x = 1.0\n  expect x == 1\n}\n' > "$work/ok.gradus"
for line in "" "foo" "run" "run a b" "run a --threads=x" "run a --precision=f16" "train --only" "check a --rows=0" \
            "check a --elements=x" "dump a --stage=x" "run a --verify-each=x" "run a --quiet=no" "train a --check-numeric" \
            "run graph_types.gir --set=a=1" "run $work/ok.gradus --data=x.npz" "dump $work/ok.gradus --print-after=fuse" \
            "dump $work/ok.gradus --stage=loops --format=dot" "opt --list --no-origins" "trian" "train a --epochs 5" \
            "train a --batch-size=8" "train a --seed" "opt a --epochs=5" "show --words adam" "format -i --check a" "new a b"; do
  "$gradus" $line
done
"$gradus" explain "$work/ok.gradus" --schedule ""
"$gradus" show "$work/ok.gradus" ""
GRADUS_THREADS=-5 "$gradus" run "$work/ok.gradus"
