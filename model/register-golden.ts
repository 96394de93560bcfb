/** Whether a register map agrees with its golden vectors: bytes that are known to mean certain values. */

import type { Metric } from './metric.ts';
import { decodeField, encodeField, encodeWords, type FieldValue } from './modbus-codec.ts';
import {
  fromRtuFrame,
  parseReadAnswer,
  parseReadRequest,
  readAnswer,
  readRequest,
  toRtuFrame,
  writeRequest,
} from './modbus-frame.ts';
import { resolveFields, resolveParams } from './register-fields.ts';
import type { Golden, RegisterField, RegisterMap, Span } from './register-map.ts';

interface Context {
  readonly map: RegisterMap;
  readonly golden: Golden;
  readonly fields: readonly RegisterField[];
}

/** What does not hold, in sentences; none where all holds, byte for byte, in both directions. */
export function faultsOfGolden(map: RegisterMap, metrics: ReadonlyMap<string, Metric>, golden: Golden): string[] {
  const fields = resolveFields(map, metrics, golden.params);
  if (!fields.ok) return fields.faults.map(({ path, message }) => `params.${path.join('.')}: ${message}`);
  const context = { map, golden, fields: fields.value };
  if (golden.cells) return faultsOfCells(context, toSpan(golden), golden.cells);
  return golden.writes ? faultsOfWrite(context) : faultsOfRead(context);
}

function faultsOfRead(context: Context): string[] {
  const { request = new Uint8Array(), response } = context.golden;
  const frame = fromRtuFrame(request);
  if (!frame) return ['the checksum of the request is wrong'];
  const span = parseReadRequest(frame.pdu);
  if (!span || !isSame(request, toRtuFrame(frame.unit, readRequest(span)))) return ['the request reads nothing'];
  if (!response) return faultsOfCells(context, span, null);
  const answer = fromRtuFrame(response);
  if (!answer) return ['the checksum of the response is wrong'];
  const cells = answer.unit === frame.unit ? parseReadAnswer(answer.pdu, span) : null;
  if (!cells) return ['the response does not answer the request'];
  if (!isSame(response, toRtuFrame(answer.unit, readAnswer(span.table, cells))))
    return ['the response is not as we write it'];
  return faultsOfCells(context, span, cells);
}

/** Without cells: only whether the fields are among what is read. */
function faultsOfCells({ golden, fields }: Context, span: Span, cells: readonly number[] | null): string[] {
  return Object.entries(golden.values).flatMap(([metric, expected]) => {
    const field = fields.find((each) => each.metric === metric);
    if (!field) return [`${metric} is no field of this profile`];
    if (!holds(span, field)) return [`${metric} is not in what is read`];
    return cells ? faultsOfField(field, expected, { ...span, cells }) : [];
  });
}

function faultsOfField(
  field: RegisterField,
  expected: FieldValue,
  block: Span & { readonly cells: readonly number[] },
): string[] {
  const value = decodeField(field, block);
  if (value !== expected) return [`${field.metric} is ${expected}, but the profile reads ${value}`];
  // Several raw values may mean "no reading", and a mask leaves bits out: these have no one way back.
  if (value === null || field.parts.some(({ mask }) => mask !== null)) return [];
  const at = field.address - block.address;
  const written = encodeField(field, value) ?? [];
  const isBack = written.length === field.count && written.every((cell, i) => cell === block.cells[at + i]);
  return isBack ? [] : [`${field.metric} is written back as ${written.join(', ')}`];
}

function faultsOfWrite({ map, golden }: Context): string[] {
  const params = resolveParams(map, golden.params);
  const { request = new Uint8Array() } = golden;
  return Object.entries(golden.writes ?? {}).flatMap(([name, value]) => {
    const field = map.writes[name];
    if (!field || !params.ok) return [`${name} is not among what may be written`];
    const cell = field.table === 'coil' ? (value ? field.on : 0) : registerOf(Number(value), field);
    const pdu = writeRequest(field.table, field.address.evaluate(params.value), cell);
    return isSame(request, toRtuFrame(request[0] ?? 0, pdu)) ? [] : [`${name} is written by another request`];
  });
}

function registerOf(value: number, { type, order = 'ABCD' }: RegisterMap['writes'][string]): number {
  return encodeWords(value, { type, order, mask: null })[0] ?? 0;
}

function toSpan({ table = 'holding', address = 0, cells = [] }: Golden): Span {
  return { table, address, count: cells.length };
}

function holds(outer: Span, inner: Span): boolean {
  const isInside = inner.address >= outer.address && inner.address + inner.count <= outer.address + outer.count;
  return outer.table === inner.table && isInside;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
