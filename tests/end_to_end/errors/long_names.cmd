# Names of any length are refused at once: only a short one is compared with what else there is.
long() { printf "$1%.0s" {1..100000}; }
printf 'program p { %s = 1; print %s }\n' "$(long a)" "$(long b)" > "$work/long.gradus"
timeout 5 "$gradus" run "$work/long.gradus" 2>&1 | cut -c 1-100 >&2
printf 'graph @g (%%%s: f32[2]) {\n  return %%%s\n}\n' "$(long a)" "$(long b)" > "$work/long.gir"
timeout 5 "$gradus" run "$work/long.gir" 2>&1 | cut -c 1-100 >&2
