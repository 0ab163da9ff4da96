# Schedules of kernels by name, one file a message. The name hangs on what the kernel computes alone.
cat > "$work/dot.gir" <<'GIR'
graph @dot (%a: f32[6,8], %b: f32[8,6]) {
  %0 = dot %a, %b {contract=[1]x[0]} : f32[6,6]
  return p = %0
}
GIR
kernel=dot_e0ae9b11
number=0
try() {
  number=$((number + 1))
  printf "$1" > "$work/schedule$number"
  shift
  "$gradus" "$@" --schedule "$work/schedule$number" > /dev/null
  echo "exit $?" >&2
}
explain=(explain "$work/dot.gir")
try "$kernel: tile 99x16\n" "${explain[@]}"
try "# an edited one\n\n  $kernel: tile 6x1000  # too wide\n" "${explain[@]}"
try "$kernel: tile 2x8x8\n" "${explain[@]}"
try "$kernel: tile\n" "${explain[@]}"
try "$kernel: tile 2x8 packing\n" "${explain[@]}"
try "$kernel: tile 2x8 epilogue sky\n" "${explain[@]}"
try "$kernel: tiles 2x8\n" "${explain[@]}"
try "$kernel: map\n" "${explain[@]}"
try "$kernel: tile 2x8; map\n" "${explain[@]}"
try "dot_00000000: tile 2x8\n$kernel: tile 2x8\nsum_00000000: no schedule at all\n" "${explain[@]}"
try "$kernel: tile 2x8\n\n$kernel: tile 2x8\n" "${explain[@]}"
try "$kernel tile 2x8\n$kernel:\n: tile 2x8\n" "${explain[@]}"
try "graph \x01 \xff\0 zero\n" "${explain[@]}"
# Everywhere else, and where nothing is scheduled any more.
try "$kernel: tile 99x16\n" dump "$work/dot.gir" --stage=kernels
try "$kernel: tile 99x16\n" opt "$work/dot.gir" --passes=schedule
try "$kernel: tile 2x8\n" opt "$work/dot.gir" --passes=simplify
try "$kernel: tile 2x8\n" dump "$work/dot.gir" --stage=optimized
try "$kernel: tile 2x8\n" dump "$work/dot.gir" --stage=kernels --stop-after=fuse
for stage in kernels loops; do
  "$gradus" dump "$work/dot.gir" --stage=$stage -o "$work/$stage.gir"
  for command in explain run "dump --stage=loops"; do try "$kernel: tile 2x8\n" $command "$work/$stage.gir"; done
done
for file in "$work" /dev/zero "$work/none"; do "$gradus" "${explain[@]}" --schedule "$file"; done
# Nothing said, and said twice; a stage that lies behind.
try "# nothing yet\n" "${explain[@]}"
try "$kernel: tile 2x8 block 2 block 3\n" "${explain[@]}"
"$gradus" dump "$work/kernels.gir" --stage=optimized > /dev/null
echo "exit $?" >&2
