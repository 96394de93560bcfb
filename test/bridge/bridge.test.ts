import { describe, expect, it } from 'vitest';
import { failed, type ReadRequest, type ReadResult } from '../../firmware-bridge/bus/modbus-bus.ts';
import { encodeWords } from '../../model/modbus-codec.ts';
import { eventually } from '../harness/process.ts';
import {
  bridgeFile,
  createHandClock,
  createMemoryBus,
  createMemoryLink,
  framesOf,
  startWorld,
  TOTAL_AND_FLOW,
  type World,
} from './bridge-world.ts';

const T0 = Date.parse('2026-11-23T06:00:00Z');
const MINUTE = 60_000;
const words = (value: number, type: 'uint32' | 'float32') => encodeWords(value, { type, order: 'ABCD', mask: null });

/** A total that counts the minutes since T0, and a flow of 1.5. */
function meter(clock: { now(): number }): (request: ReadRequest) => ReadResult {
  return ({ address, count }) => {
    const cells = [...words(Math.round((clock.now() - T0) / MINUTE), 'uint32'), ...words(1.5, 'float32')];
    return { ok: true, cells: cells.slice(address, address + count) };
  };
}

function setUp(more: { answer?: (request: ReadRequest) => ReadResult; map?: object; devices?: string[] } = {}) {
  const clock = createHandClock(T0);
  const bus = createMemoryBus((request) => (more.answer ?? meter(clock))(request));
  const link = createMemoryLink();
  const file = bridgeFile(more.map ?? TOTAL_AND_FLOW, more.devices ? { devices: more.devices } : {});
  return { clock, bus, link, file };
}

/** All that was read is on the disk: virtual time does not wait for that. */
const saved = ({ outbox }: World, readings: number) =>
  eventually(
    () => outbox.counts(),
    ({ items, dropped }) => items + dropped === readings,
  );

const delivered = (link: ReturnType<typeof createMemoryLink>, count: number, device = 'meter-1') =>
  eventually(
    () => framesOf(link.sent, device),
    ({ length }) => length === count,
  );

describe('the bridge', () => {
  it('sends what it reads with the time it was read at, once, and numbers it', async () => {
    const world = setUp();
    const { outbox } = await startWorld(world);
    await world.clock.advance(2 * MINUTE);
    const frames = await delivered(world.link, 3);
    expect(frames).toEqual(
      [0, 1, 2].map((i) => ({ ts: T0 + i * MINUTE, seq: i, values: { volume_total: i, flow_rate: 1.5 } })),
    );
    await eventually(
      () => outbox.counts().entries,
      (left) => left === 0,
    );
  });

  it('reads neighbouring registers in one request', async () => {
    const world = setUp();
    await startWorld(world);
    await world.clock.advance(0);
    expect(world.bus.asked).toMatchObject([{ unit: 1, table: 'holding', address: 0, count: 4 }]);
  });

  it('sends null where a read has failed, and neither 0 nor what was last', async () => {
    let isBroken = false;
    const world = setUp({ answer: (request) => (isBroken ? failed('exception', 6) : meter(world.clock)(request)) });
    await startWorld(world);
    await world.clock.advance(0);
    isBroken = true;
    await world.clock.advance(MINUTE);
    const frames = await delivered(world.link, 2);
    expect(frames[1]).toEqual({ ts: T0 + MINUTE, seq: 1, values: { volume_total: null, flow_rate: null } });
  });

  it('goes on with the others where one unit is silent, says null of it at each report, and reads it when it returns', async () => {
    let isSilent = true;
    const world = setUp({
      devices: ['dead', 'well'],
      answer: (request) => (request.unit === 1 && isSilent ? failed('timeout') : meter(world.clock)(request)),
    });
    const bridge = await startWorld(world);
    await world.clock.advance(10 * MINUTE);
    expect((await delivered(world.link, 11, 'well')).every(({ values }) => values.flow_rate === 1.5)).toBe(true);
    expect((await delivered(world.link, 11, 'dead')).every(({ values }) => values.flow_rate === null)).toBe(true);
    const asks = world.bus.asked.filter(({ unit }) => unit === 1).length;
    expect(asks).toBeLessThan(20);
    expect(bridge.health().buses[0]?.units).toMatchObject([
      { unit: 1, devices: ['dead'], isAnswering: false, lastGoodMs: null },
      { unit: 2, devices: ['well'], isAnswering: true, lastGoodMs: T0 + 10 * MINUTE },
    ]);
    isSilent = false;
    await world.clock.advance(MINUTE);
    const frames = await eventually(
      () => framesOf(world.link.sent, 'dead').filter(({ values }) => values.flow_rate !== null),
      ({ length }) => length > 0,
    );
    expect(frames[0]?.ts).toBeLessThanOrEqual(T0 + 11 * MINUTE);
  });

  it('learns what a unit does not have, and goes on reading the rest', async () => {
    const fields = {
      ...TOTAL_AND_FLOW.fields,
      pressure: { table: 'holding', address: 8, type: 'uint16' },
      battery: { table: 'holding', address: 10, type: 'uint16' },
    };
    const world = setUp({
      map: { fields },
      // Nothing behind register 4 but register 10.
      answer: ({ address, count }) => {
        const isThere = address + count <= 4 || (address === 10 && count === 1);
        return isThere ? { ok: true, cells: Array.from({ length: count }, () => 0) } : failed('exception', 2);
      },
    });
    const bridge = await startWorld(world);
    await world.clock.advance(0);
    const [frame] = await delivered(world.link, 1);
    expect(frame?.values).toEqual({ volume_total: 0, flow_rate: 0, battery: 0 });
    expect(bridge.health().buses[0]?.units[0]?.refused).toEqual(['meter-1.pressure']);
    const asks = world.bus.asked.length;
    await world.clock.advance(MINUTE);
    expect(world.bus.asked.length - asks).toBe(2);
  });

  it('says null while the line is away, and reads at once when it is back', async () => {
    const world = setUp();
    world.bus.close();
    await startWorld(world);
    await world.clock.advance(90_000);
    world.bus.open();
    await world.clock.advance(0);
    const frames = await delivered(world.link, 3);
    expect(frames.map(({ ts, values }) => [ts, values.flow_rate])).toEqual([
      [T0 + 5_000, null],
      [T0 + MINUTE, null],
      [T0 + 90_000, 1.5],
    ]);
  });

  it('tells of a yes/no within a second, and then only with the reports', async () => {
    let isOn = 0;
    const world = setUp({
      map: { fields: { contactor_on: { table: 'coil', address: 0, poll: 'fast' } } },
      answer: () => ({ ok: true, cells: [isOn] }),
    });
    world.file = bridgeFile(
      { fields: { contactor_on: { table: 'coil', address: 0, poll: 'fast' } } },
      { metrics: { contactor_on: { reporting: 'on-change' } } },
    );
    await startWorld(world);
    await world.clock.advance(10_500);
    isOn = 1;
    await world.clock.advance(10_000);
    await world.clock.advance(MINUTE);
    const frames = await delivered(world.link, 3);
    expect(frames.map(({ ts, values }) => [ts, values.contactor_on])).toEqual([
      [T0, false],
      [T0 + 11_000, true],
      [T0 + MINUTE, true],
    ]);
  });
});

describe('the outbox of the bridge', () => {
  it('sends the newest first when the link is back, and all that waited, in order, each once', async () => {
    const world = setUp({ devices: ['meter-1', 'meter-2'] });
    world.link.down();
    const bridge = await startWorld(world);
    await world.clock.advance(6 * 60 * MINUTE);
    await saved(bridge, 2 * 2 * 361);
    world.link.up();
    for (const device of ['meter-1', 'meter-2']) {
      const frames = await delivered(world.link, 361, device);
      const times = frames.map(({ ts }) => ts ?? 0);
      expect(new Set(times).size).toBe(361);
      const newest = times.indexOf(T0 + 360 * MINUTE);
      // Some were on their way when the link went, and arrive first.
      expect(newest).toBeLessThan(40);
      const rest = times.toSpliced(newest, 1);
      expect(rest).toEqual([...rest].sort((a, b) => a - b));
      expect(frames.every(({ ts, values }) => values.volume_total === ((ts ?? 0) - T0) / MINUTE)).toBe(true);
    }
    await eventually(
      () => bridge.outbox.counts().entries,
      (left) => left === 0,
    );
  });

  it('drops the oldest where there is no more room, and counts them', async () => {
    const world = setUp();
    world.link.down();
    const bridge = await startWorld({ ...world, maxBytes: 2_000 });
    await world.clock.advance(60 * MINUTE);
    await saved(bridge, 2 * 61);
    const { dropped, bytes } = bridge.health().outbox;
    expect(bytes).toBeLessThanOrEqual(2_000);
    expect(dropped).toBeGreaterThan(50);
    world.link.up();
    const frames = await eventually(
      () => framesOf(world.link.sent, 'meter-1'),
      () => bridge.health().outbox.entries === 0,
    );
    expect(frames.some(({ ts }) => ts === T0 + 60 * MINUTE)).toBe(true);
  });

  it('drops what has waited for too long, and counts it', async () => {
    const world = setUp();
    world.link.down();
    const bridge = await startWorld({ ...world, maxAgeMs: 30 * MINUTE });
    await world.clock.advance(120 * MINUTE);
    const left = await saved(bridge, 2 * 121);
    expect(left.entries).toBeLessThanOrEqual(41);
    expect(left.dropped).toBeGreaterThanOrEqual(160);
  });

  it('goes on after a restart with what it had not sent', async () => {
    const world = setUp();
    world.link.down();
    const first = await startWorld(world);
    await world.clock.advance(10 * MINUTE);
    await first.stop();
    const clock = createHandClock(T0 + 20 * MINUTE);
    const link = createMemoryLink();
    const bus = createMemoryBus(meter(clock));
    await startWorld({ ...world, clock, link, bus, dataDir: first.dataDir });
    const frames = await delivered(link, 12);
    expect(new Set(frames.map(({ ts }) => ts))).toEqual(
      new Set([...Array.from({ length: 11 }, (_, i) => T0 + i * MINUTE), T0 + 20 * MINUTE]),
    );
  });
});

describe('a bridge whose clock is not set', () => {
  it('dates what it read once the clock is set, to the millisecond', async () => {
    const world = setUp();
    world.clock.set(null);
    world.link.down();
    const bridge = await startWorld(world);
    await world.clock.advance(0);
    await saved(bridge, 2);
    await world.clock.advance(5 * MINUTE);
    world.clock.set(T0 + 5 * MINUTE);
    world.link.up();
    await world.clock.advance(MINUTE);
    const frames = await eventually(
      () => framesOf(world.link.sent, 'meter-1'),
      ({ length }) => length === 7,
    );
    const times = new Set(frames.map(({ ts }) => ts));
    expect(times).toEqual(new Set([0, 1, 2, 3, 4, 5, 6].map((i) => T0 + i * MINUTE)));
  });

  it('sends what it reads without a time while the link is up', async () => {
    const world = setUp();
    world.clock.set(null);
    await startWorld(world);
    await world.clock.advance(0);
    await delivered(world.link, 1);
    await world.clock.advance(MINUTE);
    expect((await delivered(world.link, 2)).map(({ ts }) => ts)).toEqual([undefined, undefined]);
  });

  /** Three minutes without a clock and one with it, the broker away; then the bridge is stopped. */
  async function endDatedBoot() {
    const world = setUp();
    world.clock.set(null);
    world.link.down();
    const first = await startWorld(world);
    await world.clock.advance(3 * MINUTE);
    world.clock.set(T0 + 3 * MINUTE);
    await world.clock.advance(MINUTE);
    await eventually(
      () => first.outbox.note('datings'),
      (note) => note !== null,
    );
    await first.stop();
    return { world, first };
  }

  it('gives a reading one time, however often it is sent', async () => {
    const { world, first } = await endDatedBoot();
    // The same boot, and a clock that has been put right by 7 ms since.
    const clock = createHandClock(T0 + 5 * MINUTE + 7);
    const link = createMemoryLink();
    await startWorld({ ...world, clock, link, bus: createMemoryBus(meter(clock)), dataDir: first.dataDir });
    const frames = await delivered(link, 6);
    expect(new Set(frames.map(({ ts }) => ts))).toEqual(
      new Set([...[0, 1, 2, 3, 4].map((i) => T0 + i * MINUTE), T0 + 5 * MINUTE + 7]),
    );
  });

  it('dates what it read before the computer was switched off where the clock was set meanwhile', async () => {
    const { world, first } = await endDatedBoot();
    const clock = createHandClock(T0);
    clock.reboot();
    clock.set(null);
    const link = createMemoryLink();
    await startWorld({ ...world, clock, link, bus: createMemoryBus(meter(clock)), dataDir: first.dataDir });
    const frames = await delivered(link, 6);
    expect(frames.flatMap(({ ts }) => ts ?? []).sort((a, b) => a - b)).toEqual(
      [0, 1, 2, 3, 4].map((i) => T0 + i * MINUTE),
    );
  });

  it('drops what has waited for too long all the same', async () => {
    const world = setUp();
    world.clock.set(null);
    world.link.down();
    const bridge = await startWorld({ ...world, maxAgeMs: 30 * MINUTE });
    await world.clock.advance(120 * MINUTE);
    const left = await saved(bridge, 2 * 121);
    expect(left.entries).toBeLessThanOrEqual(41);
  });

  it('does not make up a time for what was read before the computer was switched off', async () => {
    const world = setUp();
    world.clock.set(null);
    world.link.down();
    const first = await startWorld(world);
    await world.clock.advance(3 * MINUTE);
    await first.stop();
    const clock = createHandClock(T0 + 60 * MINUTE);
    clock.reboot();
    clock.set(T0 + 60 * MINUTE);
    const link = createMemoryLink();
    const again = await startWorld({
      ...world,
      clock,
      link,
      bus: createMemoryBus(meter(clock)),
      dataDir: first.dataDir,
    });
    await delivered(link, 1);
    await eventually(
      () => again.health().outbox,
      ({ entries, deadLetters }) => entries === 0 && deadLetters === 4,
    );
    expect((await again.outbox.deadLetters(1))[0]?.reason).toBe('undatable');
  });
});

describe('the status of the bridge', () => {
  it('stands at the broker with the health of each unit', async () => {
    const world = setUp();
    await startWorld(world);
    await world.clock.advance(10_000);
    const statuses = () => world.link.sent.filter(({ topic }) => topic === 'aimak/v1/toru/gw-1/status');
    expect(statuses().at(-1)).toMatchObject({
      retain: true,
      body: {
        ...{ online: true, ts: T0 + 5_000, starts: 1, crashes: 0, clock: { set: true, source: 'ntp' } },
        outbox: { dropped: 0, undatable: 0, unsaved: 0, damaged: false },
        buses: [{ id: 'b1', open: true, units: [{ unit: 1, devices: ['meter-1'], answering: true, lastGood: T0 }] }],
      },
    });
  });

  it('is told again at each connection, since the broker told the last will meanwhile', async () => {
    const world = setUp();
    await startWorld(world);
    await world.clock.advance(10_000);
    const before = world.link.sent.length;
    world.link.down();
    world.link.up();
    await world.clock.advance(10_000);
    const told = world.link.sent.slice(before).filter(({ topic }) => topic.endsWith('/status'));
    expect(told).toMatchObject([{ body: { online: true } }]);
  });
});
