head -c 300000 /dev/zero | tr "\0" "%" > "$work/noise.gir"; "$gradus" opt --passes=simplify "$work/noise.gir"
