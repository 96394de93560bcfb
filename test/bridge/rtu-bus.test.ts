import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRequest, toRtuFrame } from '../../model/modbus-frame.ts';
import { NO_SOCAT } from '../harness/pty.ts';
import {
  type Answering,
  type Asked,
  addresses,
  holding,
  openedBus,
  refusal,
  rightAnswer,
  startUnit,
} from './hand-made-unit.ts';

/** For what is to be answered, on a busy machine too. */
const PATIENT_MS = 3_000;
const LINES = [
  { name: 'a serial line', kind: 'rtu' },
  { name: 'a converter', kind: 'rtuOverTcp' },
] as const;

describe.each(LINES)('a bus of RTU frames on $name', ({ kind }) => {
  const open = async (answering: Answering) => openedBus(await startUnit(kind, answering));

  beforeEach(({ skip }) => {
    if (kind === 'rtu' && NO_SOCAT) skip(NO_SOCAT);
  });

  it('reads registers and bits of any unit, and the longest answers', async () => {
    const bus = await open((asked, reply) =>
      reply(rightAnswer(asked, (at) => (asked.table === 'coil' ? at % 3 && 1 : at + asked.unit))),
    );
    expect(await bus.read(holding(10, 3, { unit: 247 }))).toEqual({ ok: true, cells: [257, 258, 259] });
    expect(await bus.read(holding(3, 10, { table: 'coil' }))).toEqual({
      ok: true,
      cells: [0, 1, 1, 0, 1, 1, 0, 1, 1, 0],
    });
    const longest = holding(100, 125, { table: 'input' });
    expect(await bus.read(longest)).toEqual({ ok: true, cells: addresses(longest).map((at) => at + 1) });
  });

  it('asks one at a time, in the order asked', async () => {
    let isAsked = false;
    const bus = await open((asked, reply) => {
      expect(isAsked).toBe(false);
      isAsked = true;
      setTimeout(() => {
        isAsked = false;
        reply(rightAnswer(asked));
      }, 5);
    });
    const results = await Promise.all([7, 8, 9].map((at) => bus.read(holding(at, 1))));
    expect(results).toEqual([7, 8, 9].map((at) => ({ ok: true, cells: [at] })));
  });

  it.each<[string, (asked: Asked) => Uint8Array, string]>([
    ['a short answer', (asked) => rightAnswer(asked).subarray(0, -3), 'short'],
    ['a wrong checksum', (asked) => rightAnswer(asked).with(3, 0x55), 'crc'],
    ['another unit', (asked) => rightAnswer({ ...asked, unit: 9 }), 'timeout'],
    ['another function', (asked) => rightAnswer({ ...asked, table: 'input' }), 'timeout'],
    ['another length', (asked) => rightAnswer({ ...asked, count: 3 }), 'timeout'],
    ['garbage', () => Uint8Array.of(0xff, 0, 1, 3, 4, 0x83), 'short'],
    ['its own echo', (asked) => toRtuFrame(1, readRequest(asked)), 'short'],
    ['nothing', () => new Uint8Array(), 'timeout'],
  ])('takes %s for no answer, and reads the next one', async (_, wrong, failure) => {
    let isWrong = true;
    const bus = await open((asked, reply) => {
      reply(isWrong ? wrong(asked) : rightAnswer(asked));
      isWrong = false;
    });
    expect(await bus.read(holding(500, 2))).toEqual({ ok: false, failure, exception: null });
    expect(await bus.read(holding(600, 2))).toEqual({ ok: true, cells: [600, 601] });
  });

  it('counts what went wrong, by unit', async () => {
    const wrong: ((asked: Asked) => Uint8Array)[] = [
      (asked) => rightAnswer(asked).subarray(0, -3),
      (asked) => rightAnswer(asked).with(3, 0x55),
      (asked) => rightAnswer({ ...asked, unit: asked.unit + 1 }),
      () => new Uint8Array(),
      (asked) => refusal(asked, 6),
      (asked) => rightAnswer(asked),
    ];
    let at = 0;
    const bus = await open((asked, reply) => reply(wrong[at++]?.(asked) ?? []));
    // One unit each, so that nothing has to be asked first.
    for (let unit = 10; unit < 70; unit += 10) await bus.read(holding(0, 2, { unit }));
    expect([10, 20, 30, 40, 50, 60].map((unit) => bus.counters(unit))).toMatchObject([
      { short: 1, answered: 0 },
      { crc: 1 },
      { wrongUnit: 1, timeouts: 1 },
      { timeouts: 1, wrongUnit: 0 },
      { exceptions: 1 },
      { answered: 1, timeouts: 0, crc: 0 },
    ]);
  });

  it('finds the answer between garbage', async () => {
    const bus = await open((asked, reply) => reply([0, 0xff, 1, 3, 0x83], rightAnswer(asked), [0xaa, 0x01]));
    expect(await bus.read(holding(5, 2))).toEqual({ ok: true, cells: [5, 6] });
    expect(await bus.read(holding(7, 2))).toEqual({ ok: true, cells: [7, 8] });
  });

  it('puts together an answer that comes in pieces, though its data look like a frame', async () => {
    // Registers 1 to 4 hold a whole frame of the same unit.
    const inner = [0x00, ...toRtuFrame(1, Uint8Array.of(3, 2, 0x12, 0x34))];
    const words = Array.from({ length: 4 }, (_, i) => ((inner[2 * i] ?? 0) << 8) | (inner[2 * i + 1] ?? 0));
    const bus = await open(async (asked, reply) => {
      const frame = rightAnswer(asked, (at) => words[at] ?? at);
      for (const end of [9, 12, frame.length]) {
        reply(frame.subarray(end === 9 ? 0 : end === 12 ? 9 : 12, end));
        await delay(5);
      }
    });
    expect(await bus.read(holding(0, 6))).toEqual({ ok: true, cells: [...words, 4, 5] });
  });

  it('says by its number what the unit refuses', async () => {
    const bus = await open((asked, reply) => reply(refusal(asked)));
    expect(await bus.read(holding(5, 2))).toEqual({ ok: false, failure: 'exception', exception: 2 });
  });

  it('never takes a late answer for that to a later request, and counts it', async () => {
    let late: Uint8Array | null = null;
    // In order, as units do: the first answer comes while the second request waits for its own.
    const bus = await open((asked, reply) => {
      if (late) reply(late, rightAnswer(asked));
      late = late ? new Uint8Array() : rightAnswer(asked);
    });
    const told: number[] = [];
    bus.onLate((unit) => told.push(unit));
    expect(await bus.read(holding(100, 2))).toMatchObject({ ok: false, failure: 'timeout' });
    for (const at of [200, 300, 400]) expect(await bus.read(holding(at, 2))).toEqual({ ok: true, cells: [at, at + 1] });
    expect(told).toEqual([1]);
    expect(bus.counters(1)).toMatchObject({ late: 1, timeouts: 1 });
  });

  it('never takes a late refusal for that of a later request', async () => {
    let isFirst = true;
    const bus = await open((asked, reply) => {
      if (!isFirst) reply(refusal(asked), rightAnswer(asked));
      isFirst = false;
    });
    expect(await bus.read(holding(100, 2))).toMatchObject({ failure: 'timeout' });
    expect(await bus.read(holding(200, 3))).toEqual({ ok: true, cells: [200, 201, 202] });
  });

  it('never takes what the registers held earlier for what they hold now', async () => {
    let asks = 0;
    let late: Uint8Array = new Uint8Array();
    const bus = await open((asked, reply) => {
      const frame = rightAnswer(asked, () => asks++);
      reply(late);
      late = frame;
    });
    const request = holding(100, 1);
    expect(await bus.read(request)).toMatchObject({ failure: 'timeout' });
    // It is asked until it has answered once more than it owed: the first of these requests, with the second reading.
    expect(await bus.read(request)).toEqual({ ok: true, cells: [1] });
  });

  it('expects no lost answer any more once the unit has answered something of another length', async () => {
    const wire: number[] = [];
    const bus = await open((asked, reply) => {
      wire.push(asked.count);
      if (wire.length > 1) reply(rightAnswer(asked));
    });
    for (const count of [1, 2, 1]) await bus.read(holding(5, count));
    expect(wire).toEqual([1, 2, 1]);
  });

  it.each([
    ['a yes/no', holding(0, 1, { table: 'coil' })],
    ['one register', holding(5, 1)],
    ['several registers', holding(2, 4)],
  ])('reads %s again after one lost answer, and asks for nothing else', async (_, request) => {
    const wire: string[] = [];
    let isLost = true;
    const bus = await open((asked, reply) => {
      wire.push(`${asked.address}+${asked.count}`);
      // It has six of each, and refuses what goes beyond.
      if (asked.address + asked.count > 6) reply(refusal(asked));
      else if (!isLost) reply(rightAnswer(asked, (at) => at % 2));
      isLost = false;
    });
    expect(await bus.read(request)).toMatchObject({ failure: 'timeout' });
    const right = { ok: true, cells: addresses(request).map((at) => at % 2) };
    for (let i = 0; i < 8; i++) expect(await bus.read({ ...request, timeoutMs: PATIENT_MS })).toEqual(right);
    expect(new Set(wire)).toEqual(new Set([`${request.address}+${request.count}`]));
    expect(wire.length).toBeLessThanOrEqual(1 + 2 * 8);
    expect(bus.counters(1)).toMatchObject({ late: 0, timeouts: 1, answered: 8 });
  });

  it('says that a unit refuses, though an answer was lost before', async () => {
    let isLost = true;
    const bus = await open((asked, reply) => {
      if (!isLost) reply(refusal(asked));
      isLost = false;
    });
    expect(await bus.read(holding(5, 1))).toMatchObject({ failure: 'timeout' });
    expect(await bus.read(holding(5, 1))).toEqual({ ok: false, failure: 'exception', exception: 2 });
  });
});
