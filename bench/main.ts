/**
 * `npm run bench -- NAME… [--json] [--seconds N] [--repeats N] [--prefill N]`: what it costs, measured on the whole process.
 * `npm run bench -- compare COMMIT [RUN…]`: the same of the working tree beside a commit.
 */
import { measureBridge } from './bridge.ts';
import { compareCommits } from './compare/command.ts';
import { measureDetect } from './detect.ts';
import { measureDisk } from './disk.ts';
import { measureBrokerRate } from './external-broker-rate.ts';
import { measureHistory } from './history.ts';
import { measureIdle } from './idle.ts';
import { measureInflux } from './influx.ts';
import { measureIngest } from './ingest.ts';
import { measureLatency } from './latency.ts';
import { measureNotify } from './notify.ts';
import { measureRest } from './rest.ts';
import { runNamed } from './runner.ts';
import { measureSimulate } from './simulate.ts';
import { measureVillages } from './villages.ts';

const runs = {
  rest: measureRest,
  ingest: measureIngest,
  detect: measureDetect,
  latency: measureLatency,
  notify: measureNotify,
  history: measureHistory,
  disk: measureDisk,
  idle: measureIdle,
  influx: measureInflux,
  brokers: measureBrokerRate,
  villages: measureVillages,
  simulate: measureSimulate,
  bridge: measureBridge,
};

const [first, ...rest] = process.argv.slice(2);
if (first === 'compare') await compareCommits(rest);
else await runNamed('bench', runs);
