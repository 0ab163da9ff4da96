for train in LastStep Validated FirstStep; do
  "$gradus" train nan_weights.model --only $train -q --overwrite -o "$work/run"
  echo "exit $?, $(ls "$work/run" 2> /dev/null | grep -c checkpoint) checkpoints" >&2
done
