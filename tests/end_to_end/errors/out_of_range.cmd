for program in gathered in_a_loss one_hot_rows in_a_loop; do
  for engine in "" --evaluator; do "$gradus" run out_of_range.inc --only $program $engine; echo "exit $?" >&2; done
done
"$gradus" check out_of_range.inc --only differentiated
echo "exit $?" >&2
"$gradus" check label_out_of_range.model
