printf 'graph @g (%%x: f32[2]) {\n  %%0 = tahn %%x : f32[2]\n  return %%0\n}\n' > "$work/g.gir"
"$gradus" opt --passes=simplify "$work/g.gir"
