#!/usr/bin/env bash
# Statements of train blocks, as a user meets them: when, load, input, every, image_sheet, folds, plateau, resume's refusal.
set -euo pipefail
gradus=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)/training
rm -rf "$work" && mkdir -p "$work"
cp "$here"/*.gradus "$work"
cd "$work"
fail() { echo "$1" >&2; exit 1; }

# GEN-04, by one step more each time.
for count in 1 2 3; do
  "$gradus" train alternate.gradus --only Alternate --set count=$count -q --overwrite -o "alternate$count" > /dev/null 2>&1
done
steps() { python3 "$here/tensors.py" "alternate$1/checkpoint.safetensors" "alternate$2/checkpoint.safetensors" generator discriminator | tr '\n' ' '; }
[ "$(steps 1 2)" = "generator differ discriminator same " ] || fail "GEN-04: the generator's step: $(steps 1 2)"
[ "$(steps 2 3)" = "generator same discriminator differ " ] || fail "GEN-04: the discriminator's step: $(steps 2 3)"

cp alternate3/checkpoint.safetensors alternate.safetensors
"$gradus" train alternate.gradus --only Loaded -q --overwrite -o loaded > loaded.txt || fail "load"
[ "$(python3 "$here/tensors.py" alternate.safetensors loaded/checkpoint.safetensors generator)" = "generator same" ] ||
  fail "load and a rate of 0 keep the parameters"
[ "$(grep -c '^step = [24]  rate = 0$' loaded.txt)" = 2 ] || fail "every 2 steps"
[ "$(grep -c '^epoch = ' loaded.txt)" = 2 ] || fail "every epoch"
cmp loaded/sheets/1.png loaded/sheets/2.png || fail "image sheets of a fixed seed"
[ "$(head -1 loaded/history.csv)" = "epoch,step,loss,rate" ] || fail "inputs in the history"
for file in curves.svg history.json best.safetensors; do [ -s "loaded/$file" ] || fail "no $file"; done
"$gradus" train alternate.gradus --only Loaded --set rate=1 -q --overwrite -o moved > /dev/null 2>&1 || true  # its expectation fails
[ "$(python3 "$here/tensors.py" alternate.safetensors moved/checkpoint.safetensors generator)" = "generator differ" ] ||
  fail "the input does not reach the step"

# What `model.*` names, in `load`, `minimize` and `update`: the block checks it itself.
"$gradus" train model_paths.gradus -q --overwrite -o model_paths > /dev/null || fail "model.*"

# Another program, other settings are refused; the same are not.
"$gradus" train --resume loaded -q > /dev/null || fail "resume of a finished run"
status=0
"$gradus" train --resume loaded --set rate=1 -q > /dev/null 2> refused.txt || status=$?
[ $status = 2 ] && grep -q "other settings" refused.txt || fail "other settings: $(cat refused.txt)"
sed -i 's/epochs = 2/epochs = 2; seed = 3/' alternate.gradus
status=0
"$gradus" train --resume loaded -q > /dev/null 2> refused.txt || status=$?
[ $status = 2 ] && grep -q "seed: 3 now, 0 in the run" refused.txt || fail "another program: $(cat refused.txt)"
status=0
"$gradus" train --resume nothing -q > /dev/null 2> refused.txt || status=$?
[ $status = 3 ] && grep -q "there is no run" refused.txt || fail "no folder: $(cat refused.txt)"
printf 'RIFF' > alternate.safetensors
status=0
"$gradus" train alternate.gradus --only Loaded -q --overwrite -o bad > /dev/null 2> refused.txt || status=$?
[ $status = 2 ] || fail "a malformed file to load: $(cat refused.txt)"

# EST-02: the notes' arguments; folds and their means.
"$gradus" train folds.gradus --only Folds -q --overwrite -o folds > folds.txt || fail "folds: $(cat folds.txt)"
[ "$(grep -c . folds/folds.csv)" = 8 ] || fail "folds.csv"
[ -s folds/fold-5/checkpoint.safetensors ] || fail "folders of folds"
[ "$(grep -c '^validation.accuracy' folds.txt)" = 1 ] || fail "finally runs once"
cp -r folds before
"$gradus" train --resume folds -q > again.txt || fail "resume of folds"
cmp before/folds.csv folds/folds.csv
"$gradus" train folds.gradus --only Plateau -q --overwrite -o plateau > /dev/null 2> plateau.txt || fail "plateau: $(cat plateau.txt)"
grep -q "rate reduced from 0.05 to 0.025" plateau.txt || fail "reduce_on_plateau: $(cat plateau.txt)"
grep -q "^epoch .*: early stopping" plateau.txt || fail "EST-09: $(cat plateau.txt)"

# Reports see the first `batch` rows, whatever the last batch has.
"$gradus" train reports.gradus --only Rows -q --overwrite -o rows > rows.txt || fail "rows of a report: $(cat rows.txt)"
[ "$(grep -c '^rows  x\[0..3, 0\] = \[1, 3, 5\]$' rows.txt)" = 2 ] || fail "rows of a report: $(cat rows.txt)"
[ -s rows/rows.png ] || fail "no sheet in finally"

# What fails in a report is said when everything is saved, and the run goes on behind it with the same bits.
"$gradus" train reports.gradus --only Plain -q --overwrite -o plain > /dev/null || fail "plain"
for kind in Epoch Step; do
  status=0
  "$gradus" train reports.gradus --only "After$kind" -q --overwrite -o "after$kind" > /dev/null 2> refused.txt || status=$?
  [ $status = 2 ] && grep -q "the expectation does not hold" refused.txt && grep -q "train --resume after$kind" refused.txt ||
    fail "a failing report: $(cat refused.txt)"
  for file in checkpoint.safetensors resume.safetensors history.csv; do [ -s "after$kind/$file" ] || fail "no $file"; done
  "$gradus" train --resume "after$kind" -q > /dev/null || fail "resume after a failing report"
  [ "$(python3 "$here/tensors.py" plain/checkpoint.safetensors "after$kind/checkpoint.safetensors" head)" = "head same" ] ||
    fail "other bits after a failing report"
  cmp plain/history.csv "after$kind/history.csv" || fail "another history after a failing report"
done

# A run may be lengthened, with the bits of one that was as long from the start; it is not shortened, and that is no harm.
"$gradus" train reports.gradus --only Plain --set epochs=5 -q --overwrite -o long > /dev/null || fail "five epochs"
"$gradus" train --resume plain --set epochs=5 -q > /dev/null || fail "resume with more epochs"
cmp long/history.csv plain/history.csv && cmp long/checkpoint.safetensors plain/checkpoint.safetensors || fail "lengthened"
status=0
"$gradus" train --resume plain --set epochs=1 -q > /dev/null 2> refused.txt || status=$?
[ $status = 2 ] && grep -q "has had 5 epochs, and the program asks for 1" refused.txt || fail "shortened: $(cat refused.txt)"
"$gradus" train --resume plain -q > again.txt && grep -q "^5 epochs" again.txt || fail "resume after a refusal"
"$gradus" train folds.gradus --only Plateau -q --overwrite -o stopped > /dev/null 2>&1 || fail "stopped early"
"$gradus" train --resume stopped --set epochs=300 -q > /dev/null 2> told.txt || true
grep -q "stopped early, after epoch" told.txt || fail "a run that stopped early is silent: $(cat told.txt)"

# Fine-tuning takes the model's parameters alone: no epochs, no moments.
"$gradus" train reports.gradus --only Plain --initialize long/checkpoint.safetensors --set epochs=1 -q --overwrite -o tuned > /dev/null ||
  fail "--initialize"
[ "$(tail -1 tuned/history.csv | cut -d, -f1,2)" = "1,2" ] || fail "--initialize begins with epoch 1: $(cat tuned/history.csv)"
[ "$(python3 "$here/tensors.py" long/checkpoint.safetensors tuned/checkpoint.safetensors head)" = "head differ" ] ||
  fail "--initialize trains nothing"
status=0
"$gradus" train reports.gradus --only Plain --initialize long/checkpoint.safetensors --checkpoint long/checkpoint.safetensors \
  -q -o both > /dev/null 2> refused.txt || status=$?
[ $status = 2 ] && grep -q "do not go together" refused.txt || fail "both ways: $(cat refused.txt)"
