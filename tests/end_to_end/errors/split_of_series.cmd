printf 'v\n1\n2\n3\n4\n5\n6\n7\n8\n' > "$work/series.csv"
printf 'model M(past: [batch, 3]) -> y { y = dense(past, 1) }\ntrain T of M {\n  data series("series.csv", column: "v", window: 3) -> past, next\n  split(test: 0.25)\n  loss = mean_squared_error(y, next)\n  minimize loss with sgd(0.001)\n}\n' > "$work/series.gradus"
"$gradus" train "$work/series.gradus" -q --overwrite -o "$work/run"
