import { describe, expect, it } from 'vitest';
import { holding, openedBus, rightAnswer, startUnit } from './hand-made-unit.ts';

describe('a connection', () => {
  it('begins anew where nobody answers on it, and says what is wrong while there is none', async () => {
    let isDeaf = true;
    const line = await startUnit('rtuOverTcp', (asked, reply) => void (isDeaf || reply(rightAnswer(asked))));
    const bus = await openedBus(line);
    for (let unit = 1; unit <= 5; unit++) await bus.read(holding(0, 1, { unit, timeoutMs: 20 }));
    expect(bus.state()).toMatchObject({ isOpen: false, reason: 'nothing answers on this connection' });
    expect(await bus.read(holding(0, 1))).toMatchObject({ failure: 'closed' });
    isDeaf = false;
    const opened = new Promise<void>((resolve) => bus.onChange(resolve));
    await opened;
    expect(bus.state()).toEqual({ isOpen: true, reason: null, opened: 2 });
    expect(await bus.read(holding(0, 1))).toEqual({ ok: true, cells: [0] });
  });

  it('stands as long as one answers, however often dead ones are asked in vain', async () => {
    const bus = await openedBus(
      await startUnit('rtuOverTcp', (asked, reply) => void (asked.unit === 1 && reply(rightAnswer(asked)))),
    );
    const ofDead = { table: 'coil', timeoutMs: 10 } as const;
    for (let round = 0; round < 3; round++) {
      expect(await bus.read(holding(0, 1))).toEqual({ ok: true, cells: [0] });
      for (let i = 0; i < 12; i++) await bus.read(holding(0, 1, { ...ofDead, unit: 2 + (i % 2) }));
    }
    expect(bus.state()).toEqual({ isOpen: true, reason: null, opened: 1 });
    expect(bus.counters(2)).toMatchObject({ timeouts: 18, late: 0 });
  });

  it('begins anew where all have fallen silent that had answered', async () => {
    let isDeaf = false;
    const bus = await openedBus(
      await startUnit('rtuOverTcp', (asked, reply) => void (isDeaf || reply(rightAnswer(asked)))),
    );
    for (const unit of [1, 2]) await bus.read(holding(0, 1, { unit }));
    isDeaf = true;
    for (let i = 0; i < 6; i++) await bus.read(holding(0, 1, { unit: 1 + (i % 2), timeoutMs: 10 }));
    expect(bus.state()).toMatchObject({ isOpen: false, reason: 'nothing answers on this connection' });
  });
});
