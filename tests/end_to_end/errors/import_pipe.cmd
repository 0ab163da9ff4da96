rm -f "$work/pipe.gradus"
mkfifo "$work/pipe.gradus"
printf 'import "pipe.gradus"\nprogram p { expect 1 == 1 }\n' > "$work/imports_pipe.gradus"
timeout 10 "$gradus" run "$work/imports_pipe.gradus"
