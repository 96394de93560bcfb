/** `bridge.yaml`: which Modbus units hang on which bus, and which device each of them is (contract 2.10). */
import { z } from 'zod';
import type { ConfigFault, Parsed } from './fault.ts';
import { parseWith, repeatedIds } from './fault.ts';
import type { DeviceId, SiteId } from './ids.ts';
import type { Profile } from './profile.ts';
import { resolveFields, resolveParams } from './register-fields.ts';
import type { Params, RegisterField, RegisterMap } from './register-map.ts';
import { idSchema as id } from './schema.ts';

const port = z.int().min(1).max(65_535);
const rtuSchema = z.strictObject({
  path: z.string().min(1),
  baud: z.int().min(300).max(921_600).default(9600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  /** The other end of the line, where the simulator answers; the bridge does not look at it. */
  simPath: z.string().min(1).optional(),
});
const tcpSchema = z.strictObject({ host: z.string().min(1), port: port.default(502) });
const rtuOverTcpSchema = z.strictObject({
  host: z.string().min(1),
  port,
  /** Of the line behind the converter: sets the silence between frames. */
  baud: rtuSchema.shape.baud,
});

const UNIT_KEYS = ['unit', 'device', 'profile', 'everyS', 'timeoutMs'];
/** Keys beyond these are parameters of the profile. */
const unitSchema = z.looseObject({
  unit: z.int().min(0).max(255),
  device: id,
  profile: id,
  everyS: z.number().positive().optional(),
  timeoutMs: z.number().min(20).max(60_000).optional(),
});

const busSchema = z
  .strictObject({
    id,
    rtu: rtuSchema.optional(),
    tcp: tcpSchema.optional(),
    rtuOverTcp: rtuOverTcpSchema.optional(),
    units: z.array(unitSchema).min(1),
  })
  .refine(
    ({ rtu, tcp, rtuOverTcp }) => [rtu, tcp, rtuOverTcp].filter(Boolean).length === 1,
    'expected one of rtu, tcp and rtuOverTcp',
  );

const CLOCKS = ['auto', 'ntp', 'rtc'] as const;
/**
 * When the clock of the bridge's computer is believed. `ntp`: once the system says that it is synchronised. `rtc`: at once,
 * since one with a battery keeps it. `auto`: as `ntp`, and at once where no system can say.
 */
export type ClockTrust = (typeof CLOCKS)[number];

const bridgeSchema = z.strictObject({
  site: id,
  gateway: id,
  clock: z.enum(CLOCKS, 'expected auto, ntp or rtc').default('auto'),
  buses: z.array(busSchema).min(1),
});

export type BusLine =
  | ({ readonly kind: 'rtu' } & Readonly<z.output<typeof rtuSchema>>)
  | ({ readonly kind: 'tcp' } & Readonly<z.output<typeof tcpSchema>>)
  | ({ readonly kind: 'rtuOverTcp' } & Readonly<z.output<typeof rtuOverTcpSchema>>);

/** One device on a bus. Several devices may share a unit: the channels of a pulse counter. */
export interface BridgeUnit {
  readonly unit: number;
  readonly device: DeviceId;
  readonly profile: Profile;
  readonly map: RegisterMap;
  /** Every parameter of the map: what the file gives, else the default. */
  readonly params: Params;
  readonly fields: readonly RegisterField[];
  /** Seconds between two reports: the unit's own, else the profile's. */
  readonly everyS: number;
  readonly timeoutMs: number;
}

export interface BridgeBus {
  readonly id: string;
  readonly line: BusLine;
  readonly units: readonly BridgeUnit[];
}

export interface BridgeFile {
  readonly site: SiteId;
  /** The bridge itself as a device: its status stands under this name. */
  readonly gateway: DeviceId;
  readonly clock: ClockTrust;
  readonly buses: readonly BridgeBus[];
}

type RawBridge = z.output<typeof bridgeSchema>;
type RawBus = RawBridge['buses'][number];
type RawUnit = RawBus['units'][number];

/** `devices`: those that there are, where that is known, as to the simulator; a device must then be one of them, and of its kind. */
export function parseBridgeFile(
  raw: unknown,
  profiles: ReadonlyMap<string, Profile>,
  devices?: ReadonlyMap<string, { readonly kind: string }>,
): Parsed<BridgeFile> {
  const parsed = parseWith(bridgeSchema, raw);
  if (!parsed.ok) return parsed;
  const { site, gateway, clock, buses } = parsed.value;
  const faults: ConfigFault[] = [
    ...repeatedIds(buses, 'buses'),
    ...repeatedDevices(parsed.value),
    ...repeatedLines(buses),
  ];
  const read = buses.map((bus, b): BridgeBus => {
    const units = bus.units.flatMap((unit, u) => {
      const path = ['buses', b, 'units', u];
      const result = toUnit(unit, bus, profiles);
      if (devices) faults.push(...strangers(unit, { profiles, devices }).map((fault) => ({ ...fault, path })));
      if (result.ok) return [result.value];
      faults.push(...result.faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] })));
      return [];
    });
    return { id: bus.id, line: lineOf(bus), units };
  });
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { site: site as SiteId, gateway: gateway as DeviceId, clock, buses: read } };
}

function toUnit(raw: RawUnit, bus: RawBus, profiles: ReadonlyMap<string, Profile>): Parsed<BridgeUnit> {
  const profile = profiles.get(raw.profile);
  if (!profile) return fault('profile', `no profile "${raw.profile}"`);
  const map = profile.modbus;
  if (!map) return fault('profile', `profile "${raw.profile}" says nothing of Modbus`);
  if (!bus.tcp && (raw.unit < 1 || raw.unit > 247))
    return fault('unit', `expected 1 to 247 on a line (got ${raw.unit})`);
  const given = Object.fromEntries(Object.entries(raw).filter(([key]) => !UNIT_KEYS.includes(key)));
  const params = resolveParams(map, given);
  if (!params.ok) return params;
  const fields = resolveFields(map, profile.metrics, params.value);
  if (!fields.ok) return { ok: false, faults: fields.faults.map(inBridgeFile) };
  const { unit, device, everyS = profile.everyS, timeoutMs = map.limits.timeoutMs } = raw;
  return {
    ok: true,
    value: {
      unit,
      device: device as DeviceId,
      profile,
      map,
      params: params.value,
      fields: fields.value,
      everyS,
      timeoutMs,
    },
  };
}

interface Known {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly devices: ReadonlyMap<string, { readonly kind: string }>;
}

function strangers({ device, profile }: RawUnit, { profiles, devices }: Known): ConfigFault[] {
  const kind = devices.get(device)?.kind;
  const expected = profiles.get(profile)?.kind;
  if (kind === undefined) return [{ path: [], message: `"${device}" is not among the devices of the plant` }];
  if (expected === undefined || kind === expected) return [];
  return [{ path: [], message: `"${device}" is a ${kind}, and profile "${profile}" is that of a ${expected}` }];
}

/** What parameters do to a field is a fault of the unit; the profile's own keys are not in this file. */
function inBridgeFile({ path, message }: ConfigFault): ConfigFault {
  return { path: path[0] === 'fields' ? [] : path, message };
}

function lineOf({ rtu, tcp, rtuOverTcp }: RawBus): BusLine {
  if (rtu) return { kind: 'rtu', ...rtu };
  if (tcp) return { kind: 'tcp', ...tcp };
  return { kind: 'rtuOverTcp', ...(rtuOverTcp as NonNullable<typeof rtuOverTcp>) };
}

function repeatedDevices({ gateway, buses }: RawBridge): ConfigFault[] {
  const seen = new Set([gateway]);
  return buses.flatMap(({ units }, b) =>
    units.flatMap(({ device }, u) => {
      const isRepeated = seen.has(device);
      seen.add(device);
      const message = device === gateway ? `"${device}" is the bridge itself` : `"${device}" is read twice`;
      return isRepeated ? [{ path: ['buses', b, 'units', u, 'device'], message }] : [];
    }),
  );
}

/** Two buses on one line would talk into each other's frames. */
function repeatedLines(buses: readonly RawBus[]): ConfigFault[] {
  const seen = new Map<string, string>();
  return buses.flatMap(({ id: bus, rtu, tcp, rtuOverTcp }, b) => {
    const net = tcp ?? rtuOverTcp;
    const place = rtu ? rtu.path : `${net?.host}:${net?.port}`;
    const other = seen.get(place);
    seen.set(place, bus);
    return other === undefined ? [] : [{ path: ['buses', b], message: `bus "${other}" is on ${place} already` }];
  });
}

function fault(key: string, message: string): Parsed<never> {
  return { ok: false, faults: [{ path: [key], message }] };
}
