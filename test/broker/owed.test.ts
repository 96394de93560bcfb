import type { AedesPublishPacket } from 'aedes';
// @ts-expect-error It comes without types.
import MemoryPersistence from 'aedes-persistence/asyncPersistence.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSessions } from '../../broker/sessions/open-sessions.ts';
import type { Persistence } from '../../broker/sessions/persistence.ts';
import { silentLog } from '../harness/readings.ts';
import { message, payloads } from './session-world.ts';

type Step = { kind: 'enqueue' | 'number' | 'acknowledge'; client: number; at: number };

describe('what sessions are owed', () => {
  const step = fc.record({
    kind: fc.constantFrom('enqueue' as const, 'number' as const, 'acknowledge' as const),
    client: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 0, max: 9 }),
  });

  it('is the same as in the memory of aedes-persistence, whatever the order of messages, numbers and acknowledgements', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const sessions = openSessions({ file: ':memory:', isGranted: () => true }, { log: silentLog, now: Date.now });
        const model = new MemoryPersistence();
        await model.setup({ id: 'now' });
        try {
          expect(await run(sessions.persistence, steps)).toEqual(await run(model, steps));
        } finally {
          sessions.close();
        }
      }),
      { numRuns: 200 },
    );
  });

  async function run(persistence: Persistence, steps: readonly Step[]): Promise<string[][]> {
    const desks = [0, 1, 2].map((who) => createDesk(persistence, `client-${who}`));
    for (const { kind, client: who, at } of steps) await desks[who]?.[kind](at);
    return Promise.all(desks.map(({ list }) => list()));
  }

  /** Numbers are given as aedes gives them: each to a message that has none yet, and none twice. */
  function createDesk(persistence: Persistence, id: string) {
    const sent: AedesPublishPacket[] = [];
    const numbers = new Map<AedesPublishPacket, number>();
    const pick = (at: number): AedesPublishPacket | undefined => sent[at % Math.max(1, sent.length)];
    return {
      async enqueue() {
        const packet = message('news', `${sent.length}`);
        sent.push(packet);
        await persistence.outgoingEnqueueCombi([{ clientId: id, topic: 'news', qos: 1 }], packet);
      },
      async number(at: number) {
        const packet = pick(at);
        if (!packet || numbers.has(packet)) return;
        numbers.set(packet, numbers.size + 1);
        await persistence.outgoingUpdate({ id }, { ...packet, messageId: numbers.size });
      },
      async acknowledge(at: number) {
        const packet = pick(at);
        const messageId = packet && numbers.get(packet);
        if (messageId !== undefined) await persistence.outgoingClearMessageId({ id }, { cmd: 'publish', messageId });
      },
      list: () => payloads(persistence.outgoingStream({ id })),
    };
  }
});
