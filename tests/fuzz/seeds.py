"""Writes small valid files of the binary formats as seeds: seeds.py CORPUS."""
import gzip
import json
import pathlib
import struct
import sys
import zipfile
import zlib

corpus = pathlib.Path(sys.argv[1])


def seed(target, name, content):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def npy(description, shape, content):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (
        description, "".join("%d, " % n for n in shape))
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


floats = npy("<f4", [2, 3], struct.pack("<6f", *range(6)))
seed("npy", "floats", floats)
seed("npy", "bytes", npy("|u1", [4], bytes(range(4))))
seed("npy", "integers", npy("<i8", [], struct.pack("<q", 7)))
with zipfile.ZipFile(corpus / "npy" / "archive", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("x.npy", floats)

header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                     "b": {"dtype": "I64", "shape": [], "data_offsets": [8, 16]},
                     "__metadata__": {"step": "3"}}).encode()
seed("safetensors", "two", struct.pack("<Q", len(header)) + header + struct.pack("<2fq", 1, 2, 3))

images = struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 2) + bytes(range(8))
seed("idx", "images", images)
seed("idx", "labels", struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([1, 0]))
seed("idx", "compressed", gzip.compress(images, mtime=0))

seed("csv", "typed", b'height,weight,kind\n1.5,2,cat\n-3e2,"4",dog\n')
seed("csv", "quoted", b'a,b\r\n"x ""y"", z","line\nbreak"\r\n1,2\r\n')
seed("sentences", "tagged", b"# text = a dog\n1\ta\ta\tDET\t_\t_\t_\t_\t_\t_\n2\tdog\tdog\tNOUN\t_\t_\t_\t_\t_\t_\n\n")
seed("sentences", "pairs", b"a dog\tein Hund\na cat\teine Katze\n")

chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
seed("png", "grey", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 2, 2, 8, 0, 0, 0, 0)) +
     chunk(b"IDAT", zlib.compress(b"\0\1\2\0\3\4")) + chunk(b"IEND", b""))
