"""wimlib's codecs through its public C interface, chunk by chunk.

usage: libwim.py compress|decompress CODEC CHUNK_SIZE LEVEL < records > records

CODEC is 1 (XPRESS), 2 (LZX) or 3 (LZMS). Numbers are u32, little endian.
compress:   length, bytes                        -> length (0: incompressible), bytes
decompress: plain length, length, bytes          -> 1, bytes, or 0 for an error
The processor time spent in the codec goes to standard error, in nanoseconds.
"""
import ctypes
import struct
import sys
import time


def library():
    for name in ("libwim.so.15", "libwim.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            pass
    sys.exit("no libwim")


def main():
    work, codec, chunk_size, level = sys.argv[1], *map(int, sys.argv[2:5])
    wim = library()
    wim.wimlib_compress.restype = ctypes.c_size_t
    state = ctypes.c_void_p()
    size = ctypes.c_size_t(chunk_size)
    data = sys.stdin.buffer.read()
    out = []
    at = 0
    spent = 0
    buffer = ctypes.create_string_buffer(chunk_size)
    if work == "compress":
        assert wim.wimlib_create_compressor(codec, size, level, ctypes.byref(state)) == 0
        while at < len(data):
            (length,) = struct.unpack_from("<I", data, at)
            plain = data[at + 4:at + 4 + length]
            at += 4 + length
            start = time.thread_time_ns()
            got = wim.wimlib_compress(plain, ctypes.c_size_t(length), buffer,
                                      ctypes.c_size_t(max(length - 1, 0)), state)
            spent += time.thread_time_ns() - start
            out += [struct.pack("<I", got), buffer.raw[:got]]
    else:
        assert wim.wimlib_create_decompressor(codec, size, ctypes.byref(state)) == 0
        while at < len(data):
            plain_length, length = struct.unpack_from("<II", data, at)
            compressed = data[at + 8:at + 8 + length]
            at += 8 + length
            start = time.thread_time_ns()
            failed = wim.wimlib_decompress(compressed, ctypes.c_size_t(length), buffer,
                                           ctypes.c_size_t(plain_length), state)
            spent += time.thread_time_ns() - start
            out += [struct.pack("<I", 0 if failed else 1)]
            if not failed:
                out.append(buffer.raw[:plain_length])
    sys.stdout.buffer.write(b"".join(out))
    print(spent, file=sys.stderr)


main()
