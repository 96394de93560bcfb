/** One Modbus unit of the village: what its registers hold, and how it answers. Pure but for the values it asks for. */
import type { BridgeUnit } from '../../model/bridge-file.ts';
import { encodeField, type FieldValue } from '../../model/modbus-codec.ts';
import { exceptionAnswer, isBits, parseReadRequest, readAnswer, tableOf } from '../../model/modbus-frame.ts';
import { resolveFields } from '../../model/register-fields.ts';
import type { RegisterField, RegisterTable, Span } from '../../model/register-map.ts';

const ILLEGAL_FUNCTION = 1;
const ILLEGAL_DATA_ADDRESS = 2;
const ILLEGAL_DATA_VALUE = 3;
const SERVER_DEVICE_FAILURE = 4;

export type DeviceValues = Readonly<Record<string, FieldValue>>;

export interface SimUnit {
  readonly unit: number;
  /** Several may share it: the channels of a pulse counter. */
  readonly devices: readonly string[];
  /** The answer to a request; null where it says nothing, having no power. */
  answer(pdu: Uint8Array): Uint8Array | null;
}

/** `members`: all devices behind one address of one bus. */
export function createSimUnit(members: readonly BridgeUnit[], values: (device: string) => DeviceValues): SimUnit {
  const spaces = registersOf(members);
  const [first] = members;
  const unit = first?.unit ?? 0;

  function answer(pdu: Uint8Array): Uint8Array | null {
    const known = members.map((member) => ({ fields: member.fields, values: values(member.device) }));
    if (known.every((each) => isOff(each.values))) return null;
    const code = pdu[0] ?? 0;
    // Nothing in the village is switched over Modbus.
    if (!tableOf(code)) return exceptionAnswer(code, ILLEGAL_FUNCTION);
    const span = parseReadRequest(pdu);
    if (!span || span.count === 0 || span.count > limitOf(first, span))
      return exceptionAnswer(code, ILLEGAL_DATA_VALUE);
    if (!spaces.get(span.table)?.has(span)) return exceptionAnswer(code, ILLEGAL_DATA_ADDRESS);
    const cells = cellsOf(span, known);
    return cells ? readAnswer(span.table, cells) : exceptionAnswer(code, SERVER_DEVICE_FAILURE);
  }

  return { unit, devices: members.map(({ device }) => device), answer };
}

interface Known {
  readonly fields: readonly RegisterField[];
  readonly values: DeviceValues;
}

/** Null where registers would have to say that there is no reading and cannot. */
function cellsOf(span: Span, known: readonly Known[]): Uint16Array | null {
  const cells = new Uint16Array(span.count);
  for (const { fields, values } of known) {
    for (const field of fields.filter((each) => touches(each, span))) {
      if (!fill(cells, { span, field, value: values[field.metric] })) return null;
    }
  }
  return cells;
}

/** A device that knows nothing at all stands without power. */
function isOff(values: DeviceValues): boolean {
  const all = Object.values(values);
  return all.length > 0 && all.every((value) => value === null);
}

function limitOf(member: BridgeUnit | undefined, { table }: Span): number {
  const { maxRegisters = 125, maxBits = 2000 } = member?.map.limits ?? {};
  return isBits(table) ? maxBits : maxRegisters;
}

interface Filling {
  readonly span: Span;
  readonly field: RegisterField;
  readonly value: FieldValue | undefined;
}

/** False where the registers cannot say that there is no reading. What the village does not know at all is 0 there. */
function fill(cells: Uint16Array, { span, field, value }: Filling): boolean {
  const encoded = encodeField(field, value ?? null);
  if (!encoded) return value === undefined;
  encoded.forEach((cell, i) => {
    const at = field.address + i - span.address;
    if (at >= 0 && at < cells.length) cells[at] = cell;
  });
  return true;
}

interface Space {
  has(span: Span): boolean;
}

/** The registers that the device has, whichever of its channels are in use. */
function registersOf(members: readonly BridgeUnit[]): Map<RegisterTable, Space> {
  const taken = new Map<RegisterTable, Set<number>>();
  for (const member of members) {
    for (const { table, address, count } of allFieldsOf(member)) {
      const addresses = taken.get(table) ?? new Set();
      for (let i = 0; i < count; i++) addresses.add(address + i);
      taken.set(table, addresses);
    }
  }
  const isRefused = members.some(({ map }) => map.unmapped === 'refused');
  return new Map([...taken].map(([table, addresses]) => [table, isRefused ? exactly(addresses) : around(addresses)]));
}

/** Those of every channel: each whole parameter is tried with every value it may have. */
function allFieldsOf({ map, params, profile, fields }: BridgeUnit): RegisterField[] {
  const all = [...fields];
  for (const [name, { min, max, isWhole }] of Object.entries(map.params)) {
    if (!isWhole) continue;
    for (let value = min; value <= max; value++) {
      const others = resolveFields(map, profile.metrics, { ...params, [name]: value });
      if (others.ok) all.push(...others.value);
    }
  }
  return all;
}

function exactly(addresses: ReadonlySet<number>): Space {
  return {
    has({ address, count }) {
      for (let i = 0; i < count; i++) if (!addresses.has(address + i)) return false;
      return true;
    },
  };
}

function around(addresses: ReadonlySet<number>): Space {
  const [from, to] = [Math.min(...addresses), Math.max(...addresses)];
  return { has: ({ address, count }) => address >= from && address + count - 1 <= to };
}

function touches(field: Span, span: Span): boolean {
  const overlaps = field.address < span.address + span.count && span.address < field.address + field.count;
  return field.table === span.table && overlaps;
}
