# What a check is called belongs to its step: those of evaluation, prediction and of each kind of `when` are numbered apart.
model='model M(x: [batch, ids]) -> y {
  id = i32(x)
  h = embedding(id, 4, 2)
  if training { h = h + one_hot(id, 2) }
  y = sum(h + embedding(id, 3, 2), over: [1, 2])
}'
block() { # block ROWS LINES
  printf '%s\ntrain T of M {\n  data rows(x: %s, target: [1, 2, 3, 4]) -> x, target\n  batch = 2; shuffle = false\n  loss = mean((y - target) ^ 2)\n  minimize loss with sgd(0.01)\n%s\n}\n' \
    "$model" "$1" "$2" > "$work/checks.gradus"
}
train() { "$gradus" train "$work/checks.gradus" -q --overwrite -o "$work/checks"; }
block '[[0, 1], [1, 0], [0, 0], [1, 1]]' ''
train || exit 1
printf 'first,second\n0,1\n1,0\n3,0\n1,1\n' > "$work/rows.csv"
"$gradus" predict "$work/checks" --data "$work/rows.csv" -o "$work/p.npz"
block '[[0, 1], [1, 2], [0, 0], [1, 1]]' ''
train
block '[[0, 1], [0, 0], [0, 1], [3, 0]]' '  split(test: 0.5)'
train
block '[[0, 1], [1, 1], [1, 1], [1, 1]]' '  when step == 1 { update model.embedding_1.table = model.embedding_1.table + sum(one_hot(i32(x), 5)) }
  when step == 2 { update model.embedding_1.table = model.embedding_1.table + sum(one_hot(i32(x), 1)) }'
train
block '[[0, 1], [1, 1], [1, 1], [1, 1]]' '  every epoch { print sum(one_hot(i32(x), 1)) }'
train
