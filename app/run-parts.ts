import type { Log } from '../model/log.ts';
import { loadConfiguration } from './check-config.ts';
import { compose, type Running } from './compose.ts';
import { createLogger } from './logger.ts';
import { createProgress } from './progress.ts';
import { ConfigError } from './start-error.ts';

const SERVER = ['broker', 'ingest', 'dashboard'] as const;
const ALL = [...SERVER, 'sim'];
/** SIGTERM promises an end within 5 s. */
const STOP_DEADLINE_MS = 4_500;

export async function runParts(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const configuration = loadConfiguration(argv, env);
  if (!configuration) return;
  const parts = chooseParts(configuration.words);
  const log = await createLogger(configuration.settings.logLevel);
  const running = await compose({ ...configuration, withSim: parts.has('sim') }, log);
  const { httpPort, mqttPort } = running;
  const { host, dataDir } = configuration.settings;
  log.info({ dataDir, mqtt: `mqtt://${host}:${mqttPort}` }, `Aimak Watch is up: http://${host}:${httpPort}`);
  const hideProgress = showProgress(running);
  stopOnSignal(async () => {
    hideProgress();
    await running.stop();
  }, log);
}

function chooseParts(words: readonly string[]): ReadonlySet<string> {
  if (words.length === 0) return new Set(ALL);
  const faults = words.filter((word) => !ALL.includes(word)).map((word) => `${word}: no such part or tool; see --help`);
  if (faults.length > 0) throw new ConfigError(faults);
  const missing = SERVER.filter((part) => !words.includes(part));
  if (missing.length > 0) {
    throw new ConfigError([
      `${words.join(' ')}: broker, ingest and dashboard run together; missing: ${missing.join(', ')}`,
    ]);
  }
  return new Set(words);
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

function stopOnSignal(stopAll: () => Promise<void>, log: Log): void {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'stopping');
    // Never cleared: it ends the process also where something forgotten would keep it alive.
    setTimeout(() => {
      log.error({}, 'could not stop in time; what was acknowledged is on disk');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    await stopAll();
    log.info({}, 'stopped');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
