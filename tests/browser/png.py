"""Makes a screenshot small: 256 colours, which are enough for text on plain ground, and the best that zlib does.

By hand, since it is fifty lines and would be the only use of an imaging library here. Only what Chromium writes is read: eight
bits a channel, no interlacing (https://www.w3.org/TR/png-3/).
"""

import collections
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def shrunk(image: bytes) -> bytes:
    """The same picture in a palette."""
    width, height, channels, data = parts(image)
    lines = unfiltered(zlib.decompress(data), width * channels, height, channels)
    pixels = [line[at : at + 3] for line in lines for at in range(0, width * channels, channels)]
    counted = collections.Counter(pixels)
    # Grounds and frames as they are. Of the rest, shades of edges of letters, one of those that nobody tells apart: else the
    # many of black text leave no room for the rare green.
    alike: dict[tuple[int, ...], collections.Counter] = collections.defaultdict(collections.Counter)
    for colour, count in counted.items():
        alike[tuple(part >> 4 for part in colour)][colour] += count
    rest = [group.most_common(1)[0][0] for group in sorted(alike.values(), key=lambda group: -group.total())]
    palette = list(dict.fromkeys([colour for colour, _ in counted.most_common(96)] + rest))[:256]
    index = {colour: number for number, colour in enumerate(palette)}
    for colour in counted:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda number: distance(palette[number], colour))
    flat = bytes(index[pixel] for pixel in pixels)
    rows = b"".join(b"\0" + flat[at : at + width] for at in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    made = [(b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(kind, content) for kind, content in made)


def distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def parts(image: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, channels and the compressed lines."""
    assert image.startswith(SIGNATURE)
    at, data, header = len(SIGNATURE), b"", b""
    while at < len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        content = image[at + 8 : at + 8 + length]
        header, data = (content, data) if kind == b"IHDR" else (header, data + content if kind == b"IDAT" else data)
        at += 12 + length
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    assert bits == 8 and colour in (2, 6) and interlaced == 0, (bits, colour, interlaced)
    return width, height, {2: 3, 6: 4}[colour], data


def unfiltered(data: bytes, length: int, height: int, step: int) -> list[bytes]:
    """The lines as they are, from what each says of its neighbours."""
    lines, above = [], bytearray(length)
    for row in range(height):
        start = row * (length + 1)
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + length])
        for at in range(length if kind else 0):
            left = line[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            line[at] = (line[at] + (0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner))[kind]) & 255
        lines.append(bytes(line))
        above = line
    return lines


def paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
