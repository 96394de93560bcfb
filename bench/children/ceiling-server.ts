/** The broker alone, acknowledging right after JSON.parse: the most that one thread can do with this broker. */
import { setFlagsFromString } from 'node:v8';
import { startBroker } from '../../broker/broker.ts';
import { readOptions, tellParent } from './parent.ts';

// As in app/main.ts: the ceiling has the same ground to stand on.
setFlagsFromString('--optimize-for-size');
Buffer.poolSize = 8 * 1024;

await readOptions();
const quiet = { info: () => undefined, warn: console.warn, error: console.error };
const decoder = new TextDecoder();

const broker = await startBroker(
  { host: '127.0.0.1', port: 0 },
  {
    async onTelemetry(_topic, payload) {
      JSON.parse(decoder.decode(payload));
    },
    log: quiet,
  },
);
await tellParent('listening', broker.port);
