# Lists and functions that share their parts are counted as if they did not, and are not nested without end.
refused() {
  cat > "$work/shared.gradus"
  timeout 20 "$gradus" run "$work/shared.gradus"
  echo "exit $?" >&2
}
refused <<< 'program numbers { s = [1]; for i in 0..40 { s = [s, s] }; print 1 }'
refused <<< 'program nothing { s = []; for i in 0..40 { s = [s, s] }; print 1 }'
refused <<< 'program variables { x = 1; s = [x, x]; for i in 0..40 { s = [s, s] }; print 1 }'
refused <<< 'program collected { s = [1]; for i in 0..40 { for j in 0..2 { collect l = s }; s = l }; print 1 }'
refused <<< 'program deep { s = [1]; for i in 0..30000 { s = [s] }; print 1 }'
refused << 'MODEL'
function k(a, b, x) = x
program functions { f = k(1, 1, _); for i in 0..40 { f = k(f, f, _) }; print f(3) }
MODEL
refused << 'MODEL'
function k(a, b, x) = x
program within_the_limit { f = k(1, 1, _); for i in 0..18 { f = k(f, f, _) }; expect f(3) == 3 }
MODEL
refused << 'MODEL'
function k(a, x) = x
program deep_functions { f = k(1, _); for i in 0..30000 { f = k(f, _) }; print 1 }
MODEL
