import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadRequest, ReadResult } from '../../firmware-bridge/bus/modbus-bus.ts';
import { type Asked, addresses, holding, openedBus, refusal, rightAnswer, startUnit } from './hand-made-unit.ts';

/** For what is to be answered, on a busy machine too. */
const PATIENT_MS = 3_000;
/** Registers of unit 1 and 2; beyond, they refuse. */
const REGISTERS = 40;

describe('a unit of any slowness', () => {
  const request = fc.record({
    unit: fc.integer({ min: 1, max: 2 }),
    address: fc.integer({ min: 0, max: 8 }).map((n) => n * 5),
    count: fc.integer({ min: 1, max: 3 }),
    /** Infinity: the answer is lost. */
    slowMs: fc.constantFrom(0, 0, 5, 25, 45, 70, 110, Number.POSITIVE_INFINITY),
  });

  it('never gives a wrong value or an old one, and is read as soon as it answers in time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 10 }), async (requests) => {
        const said = new Map<number, Promise<void>>();
        let asks = 0;
        let isWell = false;
        const line = await startUnit('rtuOverTcp', (asked, reply) => {
          const slowMs = isWell || asked.unit === 3 ? 0 : (requests[asks % requests.length]?.slowMs ?? 0);
          asks++;
          if (!Number.isFinite(slowMs)) return;
          const frame = answerOf(asked, asks);
          // A unit does one thing after the other.
          const before = said.get(asked.unit) ?? Promise.resolve();
          said.set(
            asked.unit,
            before.then(() => delay(slowMs)).then(() => reply(frame)),
          );
        });
        const bus = await openedBus(line);
        // The connection stands as long as one is well.
        await bus.read(holding(0, 1, { unit: 3 }));
        for (const each of requests) expectRight(each, asks, await bus.read(timely(each)));
        isWell = true;
        await Promise.all(said.values());
        for (const each of requests) {
          const result = await bus.read({ ...timely(each), timeoutMs: PATIENT_MS });
          expectRight(each, 0, result);
          expect(result).toMatchObject(isThere(each) ? { ok: true } : { failure: 'exception', exception: 2 });
        }
        await bus.stop();
      }),
      { numRuns: 25 },
    );
  });

  type Wanted = Pick<ReadRequest, 'unit' | 'address' | 'count'>;
  const timely = ({ unit, address, count }: Wanted) => holding(address, count, { unit, timeoutMs: 30 });
  const isThere = ({ address, count }: Wanted): boolean => address + count <= REGISTERS;

  /** A register holds its unit, its address, and how many requests there had been. */
  const cellOf = (unit: number, at: number, asks: number): number => (unit << 14) | (at << 8) | (asks & 0xff);

  function answerOf(asked: Asked, asks: number): Uint8Array {
    return isThere(asked) ? rightAnswer(asked, (at) => cellOf(asked.unit, at, asks)) : refusal(asked);
  }

  function expectRight(wanted: Wanted, asksBefore: number, result: ReadResult): void {
    if (!result.ok) expect(result.exception).toBe(result.exception === null || isThere(wanted) ? null : 2);
    if (!result.ok) return;
    const asks = (result.cells[0] ?? 0) & 0xff;
    expect(asks).toBeGreaterThan(asksBefore);
    expect(result.cells).toEqual(addresses(timely(wanted)).map((at) => cellOf(wanted.unit, at, asks)));
  }
});
