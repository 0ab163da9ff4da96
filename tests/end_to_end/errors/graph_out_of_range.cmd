# A text of any stage of graphs still knows the line.
"$gradus" run out_of_range.inc --only gathered --save-inputs "$work/gathered.safetensors"
for stage in forward optimized kernels; do
  "$gradus" dump out_of_range.inc --only gathered --stage=$stage > "$work/gathered.gir"
  "$gradus" run "$work/gathered.gir" --inputs "$work/gathered.safetensors"
done
