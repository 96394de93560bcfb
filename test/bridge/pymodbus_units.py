"""Modbus units that this project did not write: Debian's python3-pymodbus, its server and its own encoder.

Takes one JSON: {"tcp": PORT} or {"rtu": PATH}, and "cells": [{"unit", "table", "address", "type", "order", "value"}].
Prints "listening" once it does.
"""
import asyncio
import json
import logging
import sys

from pymodbus.constants import Endian
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.server.async_io import StartAsyncSerialServer, StartAsyncTcpServer

ADD = {
    "int16": "add_16bit_int",
    "uint16": "add_16bit_uint",
    "int32": "add_32bit_int",
    "uint32": "add_32bit_uint",
    "int64": "add_64bit_int",
    "uint64": "add_64bit_uint",
    "float32": "add_32bit_float",
    "float64": "add_64bit_float",
}
BYTE = {"ABCD": Endian.Big, "CDAB": Endian.Big, "BADC": Endian.Little, "DCBA": Endian.Little}
WORD = {"ABCD": Endian.Big, "CDAB": Endian.Little, "BADC": Endian.Big, "DCBA": Endian.Little}
BLOCKS = {"coil": "co", "discrete": "di", "holding": "hr", "input": "ir"}


def words(cell):
    if cell["table"] in ("coil", "discrete"):
        return [bool(cell["value"])]
    builder = BinaryPayloadBuilder(byteorder=BYTE[cell["order"]], wordorder=WORD[cell["order"]])
    getattr(builder, ADD[cell["type"]])(cell["value"])
    return builder.to_registers()


def context(cells):
    units = {}
    for cell in cells:
        blocks = units.setdefault(cell["unit"], {name: {} for name in BLOCKS.values()})
        for i, word in enumerate(words(cell)):
            blocks[BLOCKS[cell["table"]]][cell["address"] + i] = word
    slaves = {
        unit: ModbusSlaveContext(
            **{name: ModbusSparseDataBlock(values or {65535: 0}) for name, values in blocks.items()}, zero_mode=True
        )
        for unit, blocks in units.items()
    }
    return ModbusServerContext(slaves=slaves, single=False)


async def serve(spec):
    store = context(spec["cells"])
    if "tcp" in spec:
        server = await StartAsyncTcpServer(store, address=("127.0.0.1", spec["tcp"]), defer_start=True)
    else:
        server = await StartAsyncSerialServer(
            store, framer=ModbusRtuFramer, port=spec["rtu"], baudrate=9600, defer_start=True, ignore_missing_slaves=True
        )
        await server.start()
    print("listening", flush=True)
    await server.serve_forever()


# Registers that are not there are asked for on purpose.
logging.disable(logging.CRITICAL)
asyncio.run(serve(json.loads(sys.argv[1])))
