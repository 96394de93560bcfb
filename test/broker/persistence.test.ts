/** The sessions against the suite that aedes-persistence gives to whoever writes one. */
import assert from 'node:assert';
import type { AedesPublishPacket } from 'aedes';
// @ts-expect-error It comes without types.
import runSuite from 'aedes-persistence/abstract.js';
import { describe, it } from 'vitest';
import { createEmitter } from '../../broker/emitter.ts';
import { openSessions } from '../../broker/sessions/open-sessions.ts';
import { silentLog } from '../harness/readings.ts';

interface TestContext {
  readonly assert: typeof assert;
  plan(): void;
  diagnostic(): void;
}

const NOT_KEPT = [
  // Its number is enough for aedes; the rest would fill memory.
  'add incoming packet, get it, and clear with messageId',
  // It is kept as its bytes: from the wire nothing else comes.
  'add outgoing packet as a string and stream',
];

describe('the sessions, as a persistence of aedes', () => {
  runSuite({
    test(name: string, run: (context: TestContext) => Promise<void>) {
      const context = { assert, plan: () => undefined, diagnostic: () => undefined };
      if (!NOT_KEPT.includes(name)) it(name, () => run(context));
    },
    persistence() {
      const options = { file: ':memory:', isGranted: () => true };
      const { persistence, close } = openSessions(options, { log: silentLog, now: Date.now });
      return {
        ...persistence,
        async setup(broker: { readonly id: string }) {
          await persistence.setup(broker);
          // The suite looks here for the counters of the broker that it made up.
          Object.assign(this, { broker });
        },
        async destroy() {
          await persistence.destroy();
          close();
        },
      };
    },
    // The suite binds its methods, and never sends anything.
    buildEmitter: () => createEmitter() as unknown as { emit(packet: AedesPublishPacket): void },
    testAsync: true,
  });
});
