import type { Log } from '../model/log.ts';
import { brokerAccess, loopbackUrl } from './broker-access.ts';
import { composeServer, composeSim, type Running } from './compose.ts';
import { loadConfiguration } from './config/check-config.ts';
import type { Settings } from './config/settings.ts';
import { createLogger } from './logger.ts';
import { createProgress } from './progress.ts';
import { ConfigError } from './start-error.ts';
import { stopOnSignal } from './stop-on-signal.ts';

const SERVER = ['broker', 'ingest', 'dashboard'] as const;

export async function runParts(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const configuration = loadConfiguration(argv, env);
  if (!configuration) return;
  const { settings, words } = configuration;
  const { withServer, withSim } = chooseParts(words, settings);
  const log = await createLogger(settings.logLevel);
  const starting = withServer
    ? runServer({ ...configuration, withSim }, log)
    : composeSim(configuration, brokerAccess(settings, ''), log);
  const hideProgress = starting.then(showProgress);
  stopOnSignal(async () => {
    (await hideProgress)();
    await (await starting).stop();
  }, log);
  await hideProgress;
}

async function runServer(options: Parameters<typeof composeServer>[0], log: Log): Promise<Running> {
  const running = await composeServer(options, log);
  const { host, dataDir } = options.settings;
  const { httpPort, mqttUrl: mqtt } = running;
  log.info({ dataDir, host, mqtt }, `Aimak Watch is up: ${loopbackUrl('http', host, httpPort)}`);
  return running;
}

function chooseParts(words: readonly string[], { mqtt }: Settings): { withServer: boolean; withSim: boolean } {
  const known: readonly string[] = [...SERVER, 'sim'];
  const faults = words
    .filter((word) => !known.includes(word))
    .map((word) => `${word}: no such part or tool; see --help`);
  const isAll = words.length === 0;
  const withServer = isAll || SERVER.some((part) => words.includes(part));
  if (faults.length === 0 && withServer && !isAll) faults.push(...faultsOfServer(words, mqtt.url !== undefined));
  if (faults.length === 0 && !withServer && mqtt.url === undefined) {
    faults.push('sim: expected --mqtt-url, the broker that it publishes to');
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { withServer, withSim: isAll || words.includes('sim') };
}

/** The embedded broker, ingest and dashboard are one; with a broker elsewhere there is none to embed. */
function faultsOfServer(words: readonly string[], isBrokerElsewhere: boolean): string[] {
  if (isBrokerElsewhere && words.includes('broker')) {
    return [`${words.join(' ')}: with --mqtt-url the broker is elsewhere; leave out the word broker`];
  }
  const needed = isBrokerElsewhere ? SERVER.filter((part) => part !== 'broker') : SERVER;
  const missing = needed.filter((part) => !words.includes(part));
  if (missing.length === 0) return [];
  return [`${words.join(' ')}: ${needed.join(', ')} run together; missing: ${missing.join(', ')}`];
}

/** The past of a new village takes a while: a bar at the terminal, until it lives. Returns how to take it away. */
function showProgress({ village }: Running): () => void {
  const begin = village?.status();
  if (!village || begin?.phase !== 'backfill') return () => undefined;
  const progress = createProgress('history', begin.toMs - begin.fromMs);
  const unsubscribe = village.onProgress(({ phase, doneMs, fromMs }) => {
    if (phase === 'backfill') progress.update(doneMs - fromMs);
    else end();
  });
  const end = (): void => {
    unsubscribe();
    progress.finish();
  };
  return end;
}
