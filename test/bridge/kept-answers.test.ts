/** Converters that keep an answer and give it once more, or later: what they say is never taken for something else. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBus } from '../../firmware-bridge/bus/open-bus.ts';
import { createUnanswered } from '../../firmware-bridge/bus/unanswered.ts';
import { readAnswer } from '../../model/modbus-frame.ts';
import { eventually } from '../harness/process.ts';
import { NO_SOCAT } from '../harness/pty.ts';
import { type Answering, addresses, holding, openedBus, refusal, rightAnswer, startUnit } from './hand-made-unit.ts';

const PATIENT_MS = 3_000;
const NOTHING = new Uint8Array();
/** Two registers each: their answers look alike. */
const [VOLUME, ENERGY] = [holding(0, 2), holding(1_000, 2)];
const right = (request: typeof VOLUME) => ({ ok: true, cells: addresses(request) });
const open = async (answering: Answering) => openedBus(await startUnit('rtuOverTcp', answering));

describe('a converter that puts the answer to the request before in front', () => {
  const glueing = (): Answering => {
    let before: Uint8Array = NOTHING;
    return (asked, reply) => {
      const own = rightAnswer(asked);
      reply(before, own);
      before = own;
    };
  };

  it('never has the values of two blocks of one length exchanged', async () => {
    const bus = await open(glueing());
    expect(await bus.read(VOLUME)).toEqual(right(VOLUME));
    // After five the connection is begun anew.
    for (let i = 0; i < 2; i++) {
      expect(await bus.read(ENERGY)).toEqual({ ok: false, failure: 'timeout', exception: null });
      expect(await bus.read(VOLUME)).toEqual({ ok: false, failure: 'timeout', exception: null });
    }
    expect(bus.counters(1).late).toBe(4);
  });

  it('is read where the lengths tell which answer is meant, and of one block the newest', async () => {
    const bus = await open(glueing());
    for (let i = 0; i < 3; i++) {
      expect(await bus.read(holding(0, 2))).toEqual(right(holding(0, 2)));
      expect(await bus.read(holding(50, 3))).toEqual(right(holding(50, 3)));
    }
    let asks = 0;
    let before: Uint8Array = NOTHING;
    const counting = await open((asked, reply) => {
      const own = rightAnswer(asked, () => asks);
      asks++;
      reply(before, own);
      before = own;
    });
    for (let n = 0; n < 4; n++) expect(await counting.read(holding(7, 1))).toEqual({ ok: true, cells: [n] });
  });

  it('does not make a unit refuse what it has', async () => {
    let before: Uint8Array = NOTHING;
    const bus = await open((asked, reply) => {
      const own = asked.address === 500 ? refusal(asked) : rightAnswer(asked);
      reply(before, own);
      before = own;
    });
    expect(await bus.read(holding(500, 4))).toMatchObject({ failure: 'exception', exception: 2 });
    for (let i = 0; i < 3; i++) {
      expect(await bus.read(holding(10, 3))).not.toMatchObject({ failure: 'exception' });
      expect(await bus.read(holding(10, 3))).toEqual(right(holding(10, 3)));
      expect(await bus.read(holding(500, 4))).not.toMatchObject({ ok: true });
    }
  });

  it('is found out, too, where the right answer comes a little later', async () => {
    let before: Uint8Array = NOTHING;
    const bus = await open(async (asked, reply) => {
      const own = rightAnswer(asked);
      reply(before);
      await delay(1);
      reply(own);
      before = own;
    });
    await bus.read(VOLUME);
    for (const request of [ENERGY, VOLUME, ENERGY]) expect(await bus.read(request)).toMatchObject({ ok: false });
  });

  it('is named in the log, once a minute', async () => {
    const lines: string[] = [];
    const tell = (_: object, sentence: string): void => void lines.push(sentence);
    const bus = openBus(await startUnit('rtuOverTcp', glueing()), { info: () => undefined, warn: tell, error: tell });
    onTestFinished(() => bus.stop());
    await eventually(
      () => bus.state().isOpen,
      (isOpen) => isOpen,
    );
    for (let i = 0; i < 3; i++) for (const request of [VOLUME, ENERGY]) await bus.read(request);
    expect(lines.filter((line) => line.includes('a converter that keeps answers'))).toHaveLength(1);
  });
});

describe('a converter that says each answer twice', () => {
  it('is read, block by block', async () => {
    const bus = await open((asked, reply) => reply(rightAnswer(asked), rightAnswer(asked)));
    for (let i = 0; i < 3; i++) {
      for (const request of [VOLUME, ENERGY]) {
        expect(await bus.read({ ...request, timeoutMs: PATIENT_MS })).toEqual(right(request));
      }
    }
  });

  it('is not believed where the second comes after the next question', async () => {
    let again: Uint8Array = NOTHING;
    const bus = await open(async (asked, reply) => {
      reply(again);
      await delay(10);
      again = rightAnswer(asked);
      reply(again);
    });
    await bus.read(VOLUME);
    for (const request of [ENERGY, VOLUME, ENERGY, VOLUME]) {
      const result = await bus.read(request);
      if (result.ok) expect(result).toEqual(right(request));
    }
  });
});

describe.each(['rtu', 'rtuOverTcp'] as const)('a line (%s) that is one answer behind', (kind) => {
  it('never has the values of two blocks exchanged', async ({ skip }) => {
    if (kind === 'rtu' && NO_SOCAT) skip(NO_SOCAT);
    let before: Uint8Array = NOTHING;
    const bus = await openedBus(
      await startUnit(kind, (asked, reply) => {
        reply(before);
        before = rightAnswer(asked);
      }),
    );
    expect(await bus.read(VOLUME)).toMatchObject({ failure: 'timeout' });
    for (const request of [ENERGY, VOLUME, ENERGY]) {
      expect(await bus.read({ ...request, timeoutMs: PATIENT_MS })).toEqual(right(request));
    }
  });
});

describe('what is expected of a unit that has been silent', () => {
  const answer = { unit: 1, pdu: readAnswer('holding', [0, 1]) };

  it('is forgotten after half a minute on a line, and kept where a converter may have it', () => {
    for (const keepsLast of [false, true]) {
      const unanswered = createUnanswered({ keepsLast });
      unanswered.asked(VOLUME, 0, 300);
      unanswered.asked(ENERGY, 3_600_000, 300);
      expect(unanswered.take(answer, 3_600_010)).toBe(keepsLast ? VOLUME : ENERGY);
    }
  });

  it('is bounded, however long nobody answers', () => {
    const unanswered = createUnanswered({ keepsLast: true });
    for (let i = 0; i < 1_000; i++) unanswered.asked({ ...VOLUME }, i * 60_000, 300);
    let taken = 0;
    while (unanswered.take(answer, 1_000 * 60_000)) taken++;
    expect(taken).toBe(4);
  });
});
