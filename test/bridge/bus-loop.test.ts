/** Who is asked when on a bus, and what is told of it: hours of it, in a time that jumps. */
import { describe, expect, it } from 'vitest';
import { failed, type ReadRequest, type ReadResult } from '../../firmware-bridge/bus/modbus-bus.ts';
import { type BridgeBus, parseBridgeFile } from '../../model/bridge-file.ts';
import type { Profile } from '../../model/profile.ts';
import { shippedProfiles } from '../model/shipped-profiles.ts';
import { bridgeFile } from './bridge-world.ts';
import { startJumpingLine, type Told } from './jumping-line.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const profiles = shippedProfiles();

const zeros = ({ count }: ReadRequest): ReadResult => ({ ok: true, cells: Array.from({ length: count }, () => 0) });

function busOf(units: readonly object[], known: ReadonlyMap<string, Profile> = profiles): BridgeBus {
  const buses = [{ id: 'b1', rtu: { path: '/dev/none' }, units }];
  const parsed = parseBridgeFile({ site: 'toru', gateway: 'gw-1', buses }, known);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value.buses[0] as BridgeBus;
}

/** One device with these fields. */
const meterBus = (fields: object, options = {}): BridgeBus => bridgeFile({ fields }, options).buses[0] as BridgeBus;

const of = (told: readonly Told[], device: string): Told[] => told.filter((each) => each.device === device);

describe('a report', () => {
  const shipped = [...profiles.values()].filter(({ modbus }) => modbus).map((profile) => ({ id: profile.id, profile }));

  it.each(shipped)('of $id comes at its period, whatever its registers are polled by', async ({ id, profile }) => {
    const params = profile.modbus?.golden.find(({ values }) => Object.keys(values).length > 0)?.params;
    const line = startJumpingLine({
      bus: busOf([{ unit: 1, device: 'd-1', profile: id, everyS: 60, ...params }]),
      answer: zeros,
    });
    await line.runFor(HOUR + SECOND);
    const reports = line.told.filter(({ atMs }) => atMs % MINUTE < SECOND);
    expect(reports).toHaveLength(61);
    expect(new Set(reports.map(({ atMs }) => Math.floor(atMs / MINUTE))).size).toBe(61);
  });

  it('repeats a yes/no that has not changed; between two reports only changes are told', async () => {
    let isOn = 0;
    const bus = busOf([{ unit: 1, device: 'relay', profile: 'waveshare-relay', channel: 8 }]);
    const line = startJumpingLine({ bus, answer: () => ({ ok: true, cells: [isOn] }) });
    await line.runFor(90 * SECOND);
    isOn = 1;
    await line.runFor(60 * SECOND);
    expect(line.told.map(({ atMs, values }) => [Math.floor(atMs / SECOND), values.contactor_on])).toEqual([
      [0, false],
      [60, false],
      [90, true],
      [120, true],
    ]);
  });

  it('holds all of a device that has only what is read seldom', async () => {
    const bus = meterBus({ volume_total: { table: 'holding', address: 0, type: 'uint16', poll: 'slow' } });
    const line = startJumpingLine({ bus, answer: zeros });
    await line.runFor(10 * MINUTE);
    expect(line.told).toHaveLength(10);
  });

  it('asks for what is read once until it is given, and then no more', async () => {
    const once = { table: 'holding', address: 40, type: 'uint16', poll: 'once' };
    let isBusy = true;
    const line = startJumpingLine({
      bus: meterBus({ level: { table: 'input', address: 0, type: 'int16' }, volume_total: once }),
      answer: (request) => (isBusy && request.table === 'holding' ? failed('exception', 6) : zeros(request)),
    });
    await line.runFor(MINUTE);
    isBusy = false;
    await line.runFor(10 * MINUTE);
    expect(line.told.map(({ values }) => values.volume_total)).toEqual([null, 0, ...Array(9).fill(undefined)]);
  });
});

describe('a register that is refused', () => {
  const level = { level: { table: 'input', address: 4, type: 'int16' } };
  const two = { ...level, flow_rate: { table: 'holding', address: 0, type: 'int16' } };

  it('for once is read again minutes later, and is null meanwhile', async () => {
    let isRefused = false;
    const line = startJumpingLine({
      bus: meterBus(level),
      answer: (request) => (isRefused ? failed('exception', 2) : zeros(request)),
    });
    await line.runFor(MINUTE);
    isRefused = true;
    await line.runFor(SECOND);
    isRefused = false;
    const goodMs = line.health().units[0]?.lastGoodMs;
    await line.runFor(MINUTE);
    expect(line.health().units[0]).toMatchObject({ refused: ['meter-1.level'], lastGoodMs: goodMs });
    await line.runFor(5 * MINUTE);
    expect(line.told.map(({ values }) => values.level)).toEqual([0, null, null, 0, 0, 0, 0, 0]);
    expect(line.health().units[0]).toMatchObject({ refused: [], isAnswering: true });
  });

  it('always is asked seldom, and a device that gives nothing else says so at each report', async () => {
    const line = startJumpingLine({ bus: meterBus(level), answer: () => failed('exception', 2) });
    await line.runFor(12 * HOUR - SECOND);
    expect(line.told).toHaveLength(12 * 60);
    expect(line.told.every(({ values }) => values.level === null)).toBe(true);
    expect(line.health().units[0]).toMatchObject({ lastGoodMs: null, refused: ['meter-1.level'] });
    expect(line.asked.length).toBeGreaterThanOrEqual(12);
    expect(line.asked.length).toBeLessThanOrEqual(15);
  });

  it('is left out where the device has never given it, and null where it has', async () => {
    let refused: readonly string[] = ['input'];
    const line = startJumpingLine({
      bus: meterBus(two),
      answer: (request) => (refused.includes(request.table) ? failed('exception', 2) : zeros(request)),
    });
    await line.runFor(MINUTE);
    refused = ['input', 'holding'];
    await line.runFor(MINUTE);
    expect(line.told.map(({ values }) => values)).toEqual([{ flow_rate: 0 }, { flow_rate: null }]);
  });

  it('does not hide that its unit has fallen silent', async () => {
    const channel = (n: number) => ({
      ...{ unit: 7, device: `channel-${n}`, profile: 'wb-mcm8-water', channel: n, litresPerPulse: 10 },
    });
    let isSilent = false;
    const line = startJumpingLine({
      bus: busOf([channel(1), channel(2)]),
      answer: (request) => (request.address === 60 ? failed('exception', 2) : zeros(request)),
      answersAfterMs: () => (isSilent ? Number.POSITIVE_INFINITY : 20),
    });
    await line.runFor(30 * MINUTE);
    isSilent = true;
    await line.runFor(3 * MINUTE);
    expect(line.health().units).toMatchObject([{ unit: 7, isAnswering: false }]);
    expect(of(line.told, 'channel-2').at(-1)?.values.volume_total).toBeNull();
  });
});

describe('a fault of ours with one device', () => {
  it('is null for it, and the others are read', async () => {
    const fields = { level: { table: 'input', address: 0, type: 'int16' } };
    const line = startJumpingLine({
      bus: meterBus(fields, { devices: ['broken', 'well'] }),
      // No answer has fewer registers than were asked for.
      answer: (request) => (request.unit === 1 ? { ok: true, cells: [] } : zeros(request)),
    });
    await line.runFor(MINUTE + SECOND);
    expect(of(line.told, 'broken').map(({ values }) => values.level)).toEqual([null, null]);
    expect(of(line.told, 'well').map(({ values }) => values.level)).toEqual([0, 0]);
  });
});

describe('silent units on a busy line', () => {
  const LIVING = 29;
  /** They are asked for oftener than the line can: a read of one takes a quarter of a second. */
  const READ_MS = 250;

  function startLine(dead: number, timeoutMs: number, slowMs = 20) {
    let isDead = true;
    const units = Array.from({ length: LIVING + dead }, (_, i) => i + 1);
    const line = startJumpingLine({
      bus: busOf(
        units.map((unit) => ({
          ...{ unit, device: `d-${unit}`, profile: 'waveshare-ai-8ch', everyS: 1 },
          ...{ channel: 1, levelAt4mA: 0, levelAt20mA: 5, ...(unit > LIVING && { timeoutMs }) },
        })),
      ),
      answer: ({ count }) => ({ ok: true, cells: Array.from({ length: count }, () => 12_000) }),
      answersAfterMs: ({ unit }) => {
        if (unit <= LIVING) return READ_MS;
        return isDead ? Number.POSITIVE_INFINITY : slowMs;
      },
    });
    return {
      ...line,
      revive: () => {
        isDead = false;
      },
    };
  }

  const reads = (told: readonly Told[], isOf: (unit: number) => boolean, fromMs: number): Told[] =>
    told.filter(
      ({ device, values, atMs }) => atMs > fromMs && values.level !== null && isOf(Number(device.split('-')[1])),
    );

  it.each([
    { dead: 1, timeoutMs: 1_000 },
    { dead: 3, timeoutMs: 1_000 },
    { dead: 2, timeoutMs: 3_000 },
    { dead: 5, timeoutMs: 1_000 },
    { dead: 10, timeoutMs: 3_000 },
  ])(
    'leave $dead of $timeoutMs ms the others nine tenths, and are read within a minute',
    async ({ dead, timeoutMs }) => {
      const line = startLine(dead, timeoutMs);
      await line.runFor(5 * MINUTE);
      const fromMs = line.nowMs();
      await line.runFor(10 * MINUTE);
      const rate = reads(line.told, (unit) => unit <= LIVING, fromMs).length / ((10 * MINUTE) / READ_MS);
      expect(rate).toBeGreaterThan(0.9);
      expect(rate).toBeLessThan(1);
      line.revive();
      const backMs = line.nowMs();
      await line.runFor(MINUTE);
      const back = reads(line.told, (unit) => unit > LIVING, backMs);
      expect(new Set(back.map(({ device }) => device)).size).toBe(dead);
    },
  );

  it('are found again though they need all of their time', async () => {
    const line = startLine(10, 3_000, 2_500);
    await line.runFor(5 * MINUTE);
    line.revive();
    const backMs = line.nowMs();
    await line.runFor(2 * MINUTE);
    const back = reads(line.told, (unit) => unit > LIVING, backMs);
    expect(new Set(back.map(({ device }) => device)).size).toBe(10);
  });
});
