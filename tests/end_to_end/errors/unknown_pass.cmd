printf 'graph @g (%%x: f32[2]) {\n  return %%x\n}\n' | "$gradus" opt --passes=simplfy -
