set -e
"$gradus" train warn_losses.model --only Logits -q --overwrite -o "$work/run"
"$gradus" train warn_losses.model --only Probabilities -q --overwrite -o "$work/run"
"$gradus" train warn_losses.model --only OneClass -q --overwrite -o "$work/run"
"$gradus" train warn_losses.model --only Decoys -q --overwrite -o "$work/run"
