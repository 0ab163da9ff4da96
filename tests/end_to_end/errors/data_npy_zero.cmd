python3 -c '
import sys
header = b"{\x27descr\x27: \x27<i4\x27, \x27fortran_order\x27: False, \x27shape\x27: (4, 0), }"
header += b" " * (117 - len(header)) + b"\n"
sys.stdout.buffer.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)' > "$work/x.npy"
. ./data.inc 'npy(x: "x.npy") -> x'
