set -e
"$gradus" train warn_losses.model --only Logits -q -o "$work/run"
"$gradus" train warn_losses.model --only Probabilities -q -o "$work/run"
"$gradus" train warn_losses.model --only OneClass -q -o "$work/run"
"$gradus" train warn_losses.model --only Decoys -q -o "$work/run"
