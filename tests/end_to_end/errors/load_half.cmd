printf '\100\0\0\0\0\0\0\0{"d.weight":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]}}12' > "$work/half.safetensors"
cat > "$work/t.gradus" <<'END'
train T {
  data rows(x: [[0], [1]], t: [[0], [1]]) -> x, t
  load "half.safetensors" into d
  loss = mean_squared_error(dense(x, 1, bias: false) as d, t)
  minimize loss with sgd(0.1)
}
END
"$gradus" train "$work/t.gradus" -q --overwrite -o "$work/run"
