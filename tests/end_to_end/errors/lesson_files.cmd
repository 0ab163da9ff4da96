# A file of values belongs to one program, whose expectations are checked as always.
printf 'program one {\n  x = 1.0\n  expect x == 2\n}\nprogram two {\n  y = 1.0\n  expect y == 1\n}\n' > "$work/two.gradus"
"$gradus" run "$work/two.gradus" --save-outputs "$work/out.safetensors"
"$gradus" run "$work/two.gradus" --save-outputs "$work/out.safetensors" --only one
