import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBus } from '../../firmware-bridge/bus/open-bus.ts';
import { exceptionAnswer, toRtuFrame } from '../../model/modbus-frame.ts';
import { eventually } from '../harness/process.ts';
import { silentLog } from '../harness/readings.ts';
import { type Answering, type Asked, holding, openedBus, rightAnswer, startUnit, toTcp } from './hand-made-unit.ts';

const open = async (answering: Answering) => openedBus(await startUnit('tcp', answering));
const right = (asked: Asked): Uint8Array => toTcp(rightAnswer(asked), asked.transaction);

describe('a bus of Modbus TCP', () => {
  it('reads registers and bits', async () => {
    const bus = await open((asked, reply) => reply(right(asked)));
    expect(await bus.read(holding(10, 3))).toEqual({ ok: true, cells: [10, 11, 12] });
    expect(await bus.read(holding(0, 2, { table: 'discrete' }))).toEqual({ ok: true, cells: [0, 1] });
  });

  it('puts together what comes in pieces, and takes apart what comes at once', async () => {
    const bus = await open(async (asked, reply) => {
      const adu = right(asked);
      reply(toTcp(rightAnswer(asked), asked.transaction - 1), adu.subarray(0, 4));
      await delay(5);
      reply(adu.subarray(4, 9));
      await delay(5);
      reply(adu.subarray(9));
    });
    expect(await bus.read(holding(10, 3))).toEqual({ ok: true, cells: [10, 11, 12] });
    expect(bus.counters(1)).toMatchObject({ late: 1, answered: 1 });
  });

  it('never takes a late answer for that to a later request, and counts it', async () => {
    let late: Uint8Array | null = null;
    const bus = await open((asked, reply) => {
      if (late) reply(late, right(asked));
      late = late ? new Uint8Array() : right(asked);
    });
    const told: number[] = [];
    bus.onLate((unit) => told.push(unit));
    expect(await bus.read(holding(100, 2))).toMatchObject({ ok: false, failure: 'timeout' });
    for (const at of [200, 300]) expect(await bus.read(holding(at, 2))).toEqual({ ok: true, cells: [at, at + 1] });
    expect(told).toEqual([1]);
    expect(bus.counters(1)).toMatchObject({ late: 1, timeouts: 1 });
  });

  it('tells a wrong unit, a wrong length and a refusal apart', async () => {
    const wrong: ((asked: Asked) => Uint8Array)[] = [
      (asked) => toTcp(rightAnswer({ ...asked, unit: 9 }), asked.transaction),
      (asked) => toTcp(rightAnswer({ ...asked, count: 1 }), asked.transaction),
      (asked) => toTcp(toRtuFrame(1, exceptionAnswer(3, 11)), asked.transaction),
    ];
    let at = 0;
    const bus = await open((asked, reply) => reply(wrong[at++]?.(asked) ?? []));
    expect(await bus.read(holding(0, 2))).toMatchObject({ failure: 'timeout' });
    expect(await bus.read(holding(0, 2))).toMatchObject({ failure: 'short' });
    expect(await bus.read(holding(0, 2))).toMatchObject({ failure: 'exception', exception: 11 });
    expect(bus.counters(1)).toMatchObject({ wrongUnit: 1, timeouts: 1, short: 1, exceptions: 1 });
  });

  it.each([
    ['no bytes', [3, 0, 0, 1, 0, 2]],
    ['a byte too few', [3, 4, 0, 1, 0]],
    ['a byte too many', [3, 4, 0, 1, 0, 2, 0]],
    ['registers of another number', [3, 2, 0, 1]],
  ])('counts an answer that says %s, and reads nothing out of it', async (_, pdu) => {
    const bus = await open((asked, reply) => reply(toTcp(toRtuFrame(1, Uint8Array.from(pdu)), asked.transaction)));
    expect(await bus.read(holding(0, 2))).toEqual({ ok: false, failure: 'short', exception: null });
    expect(bus.counters(1)).toMatchObject({ short: 1, answered: 0 });
  });

  it('leaves who does not speak Modbus TCP, and says so', async () => {
    const bus = await open((_, reply) => reply(Buffer.from('HTTP/1.1 400 Bad Request\r\n')));
    expect(await bus.read(holding(0, 1))).toMatchObject({ failure: 'closed' });
    expect(bus.state().reason).toBe('what answers there does not speak Modbus TCP');
  });

  it('says once a minute that nonsense is answered, and asks for it less and less often', async () => {
    const lines: string[] = [];
    const tell = (_: object, sentence: string): void => void lines.push(sentence);
    const nonsense = await startUnit('tcp', (_, reply) => reply(Buffer.from('HTTP/1.1 400 Bad Request\r\n')));
    const bus = openBus(nonsense, { info: tell, warn: tell, error: tell });
    onTestFinished(() => bus.stop());
    await eventually(
      async () => {
        await bus.read(holding(0, 1));
        return bus.state().opened;
      },
      (opened) => opened === 3,
    );
    await bus.read(holding(0, 1));
    expect(lines.filter((line) => line.includes('does not speak Modbus TCP'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('the bus is open'))).toHaveLength(1);
  });

  it('says that nothing listens there', async () => {
    const bus = openBus({ kind: 'tcp', host: '127.0.0.1', port: 1 }, silentLog);
    onTestFinished(() => bus.stop());
    await eventually(
      () => bus.state().reason,
      (reason) => reason === '127.0.0.1:1: nothing listens there',
    );
    expect(await bus.read(holding(0, 1))).toMatchObject({ failure: 'closed' });
  });
});
