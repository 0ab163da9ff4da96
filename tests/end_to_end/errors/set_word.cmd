# A name of the language is taken, as it would be in the text.
model='model M(x: [batch, 2]) -> y { y = dense(x, 1) }
train M {
  activation = relu
  data rows(x: [[0, 0], [1, 1]], t: [0, 1]) -> x, t
  loss = mean((activation(y[.., 0]) - t) ^ 2)
  minimize loss with sgd
}'
echo "$model" > "$work/set_name.gradus"
"$gradus" train "$work/set_name.gradus" -q --overwrite -o "$work/run" --set activation=tanh || exit 1
"$gradus" train "$work/set_name.gradus" -q --overwrite -o "$work/run" --set activation=tanhh && exit 1
"$gradus" train train_block.model --only M -q --overwrite -o "$work/run" --set epochs=ten
