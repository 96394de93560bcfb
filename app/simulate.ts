/** `aimak sim --until`: all that the village sends up to a time, as JSON Lines. No broker, no server, no clock. */
import { createWriteStream, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Town, TownMessage } from '../device-sim/town.ts';
import { encodeBacklog } from '../model/telemetry.ts';
import { telemetryTopic } from '../model/topic.ts';
import { loadConfiguration } from './config/check-config.ts';
import { loadVillageFiles, type VillageFiles } from './config/village-files.ts';
import { parseVillageTime } from './config/village-time.ts';
import { makeTown } from './make-town.ts';
import { createProgress } from './progress.ts';
import { runParts } from './run-parts.ts';
import { ConfigError, StartError } from './start-error.ts';

const HOUR_MS = 3_600_000;
const OWN_FLAGS = ['until', 'out'];

/** With `--until` to a file, else as a part that publishes. */
export async function runSim(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.some((word) => /^--(villages|connect|write-plant)(=|$)/.test(word))) {
    return (await import('./villages/villages-command.ts')).runVillages(argv, env);
  }
  const isOffline = argv.some((word) => /^--(until|out)(=|$)/.test(word));
  if (!isOffline) return runParts(['sim', ...argv], env);
  const configuration = loadConfiguration(argv, env, { ownFlags: OWN_FLAGS });
  if (!configuration) return;
  const { settings, plant, words, own } = configuration;
  const [surplus] = words;
  if (surplus !== undefined) throw new ConfigError([`${surplus}: with --until, sim takes options only`]);
  if (settings.sim.from === null) throw new ConfigError(['--from: expected with --until, when the village begins']);
  const { value: files } = loadVillageFiles(settings, plant, 0);
  if (!files) throw new ConfigError([`${settings.plant}: no site is marked "simulated: true"`]);
  const { untilMs, out } = parseOwn(new Map(own), files);
  const town = await makeTown({ files, plant, seed: settings.sim.seed });
  await writeAll(town, untilMs, out);
  if (settings.sim.truth !== null) writeTruth(town, settings.sim.truth);
}

function parseOwn(own: ReadonlyMap<string, string>, { beginMs, site }: VillageFiles) {
  const [until, out] = [own.get('until'), own.get('out')];
  const untilMs = parseVillageTime(until ?? '', { beginMs, timeZone: site.timeZone });
  const faults: string[] = [];
  if (untilMs === null) faults.push('--until: expected a time such as "day 3" or 2026-11-15T06:00+06:00');
  else if (untilMs <= beginMs) faults.push('--until: expected a time after --from');
  if (out === undefined) faults.push('--out: expected a file, or - for standard output');
  if (untilMs === null || out === undefined || faults.length > 0) throw new ConfigError(faults);
  return { untilMs, out };
}

async function writeAll(town: Town, untilMs: number, file: string): Promise<void> {
  const progress = createProgress('simulating', untilMs - town.nowMs);
  const out = file === '-' ? process.stdout : createWriteStream(file);
  try {
    await pipeline(Readable.from(hours(town, untilMs, progress.advance)), out, { end: file !== '-' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever reads along has seen enough.
    if (code !== 'EPIPE') throw new StartError(`${file}: cannot be written (${code})`);
  } finally {
    progress.finish();
  }
}

function* hours(town: Town, untilMs: number, advance: (ms: number) => void): Generator<string> {
  while (town.nowMs < untilMs) {
    const fromMs = town.nowMs;
    yield town
      .step(Math.min(untilMs, fromMs + HOUR_MS))
      .map(toLine)
      .join('');
    advance(town.nowMs - fromMs);
  }
}

/** One report, with the bytes that a device would publish and when they arrive, village time. */
function toLine({ site, device, atMs, frame }: TownMessage): string {
  const topic = JSON.stringify(telemetryTopic(site, device));
  return encodeBacklog([frame])
    .map((payload) => `{"topic":${topic},"at":${atMs},"payload":${Buffer.from(payload).toString()}}\n`)
    .join('');
}

/** As a running village writes them, the last line of each fault. */
function writeTruth(town: Town, file: string): void {
  const lines = town.truth().map((line) => `${JSON.stringify(line)}\n`);
  try {
    writeFileSync(file, lines.join(''));
  } catch (error) {
    throw new StartError(`${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
