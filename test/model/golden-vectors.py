"""Makes golden vectors for device profiles, independently of our codec: python3's struct, and a CRC of its own.

Run by hand; the printed frames stand in config/profiles/*.yaml, marked `verified: false`.
"""
from struct import pack


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return pack("<H", value)


def frame(*parts):
    data = b"".join(parts)
    return (data + crc(data)).hex(" ").upper()


def swapped(data):
    """Low word first."""
    words = [data[i:i + 2] for i in range(0, len(data), 2)]
    return b"".join(reversed(words))


def show(name, unit, function, address, data, count=None):
    count = len(data) // 2 if count is None else count
    print(name)
    print("  request: ", frame(pack(">BBHH", unit, function, address, count)))
    print("  response:", frame(pack(">BBB", unit, function, len(data)), data))


def cdab_float(value):
    return swapped(pack(">f", value))


def cdab_long(value):
    return swapped(pack(">i", value))


floats = lambda *values: b"".join(pack(">f", value) for value in values)

show("tuf-2000m", 1, 3, 0,
     cdab_float(36.6254) + bytes(4) + cdab_float(1.25) + bytes(4)
     + cdab_long(88210) + cdab_float(0.25))
show("tuf-2000m quality", 1, 3, 91, pack(">H", 0x6352))
show("mag-6000", 1, 3, 3002, pack(">f", 0.0125))
show("mag-6000 total", 1, 3, 3014, pack(">d", 88210.375))
show("wb-mcm8-water", 7, 4, 64, pack(">I", 8821037))
show("wb-mcm8-energy", 7, 4, 74, pack(">I", 4294967295))
show("wb-mai6", 5, 4, 0x2500, pack(">i", 12_000_000))
show("wb-mai6 error", 5, 4, 0x2500, pack(">i", 0x7FFFFFFF))
show("wb-mai6 broken wire", 5, 4, 0x2500, pack(">i", 3_590_000))
show("waveshare-ai-8ch", 1, 4, 0, pack(">8H", 12000, 4000, 20000, 3500, 0, 21001, 8000, 16000))
show("sdm630", 1, 4, 0, floats(230.2, 229.6, 231.4, 4.52, 4.61, 0, 1037.5, 1056.25, 0))
show("sdm630 totals", 1, 4, 0x34,
     floats(2093.75) + bytes(4) + floats(2105.5) + bytes(4) + floats(-221.25, 0.9944) + bytes(12)
     + floats(50.02, 12345.67, 0.5))
show("iem3000 current", 2, 3, 0x0BB7, floats(4.52, 4.61, 0))
show("iem3000 voltage", 2, 3, 0x0BD3, floats(230.2, 229.6, 231.4))
show("iem3000 power", 2, 3, 0x0BED,
     floats(1.0375, 1.05625, 0, 2.09375) + bytes(12) + floats(-0.22125) + bytes(12) + floats(2.1055))
show("iem3000 frequency", 2, 3, 0x0C25, floats(50.02))
show("iem3000 energy", 2, 3, 0x0C83, pack(">qq", 12345678, 123456789012345))
show("iem3000 no energy", 2, 3, 0x0C83, pack(">q", -2**63))
show("dtsu666", 1, 3, 0x2006, floats(2302, 2296, 2314, 4520, 4610, 0, 20937.5, 10375, 10562.5, 0, -2212.5))
show("dtsu666 factor", 1, 3, 0x202A, floats(994))
show("dtsu666 frequency", 1, 3, 0x2044, floats(5002))
show("dtsu666 energy", 1, 3, 0x101E, floats(12345.67) + bytes(16) + floats(0.5))
show("waveshare-relay", 1, 1, 0, bytes([0b00000101]), 8)
show("wb-mr6c outputs", 9, 1, 0, bytes([0b00100010]), 6)
show("wb-mr6c inputs", 9, 2, 0, bytes([0b00000010]), 6)
print("wb-mr6c safety", frame(pack(">BBHH", 9, 6, 8, 60)))
print("wb-mr6c switch", frame(pack(">BBHH", 9, 5, 1, 0xFF00)))
