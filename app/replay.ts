/** `aimak replay`: publishes a file of past readings as a device would that has been without a link. */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import pino from 'pino';
import { type MqttLink, startMqttLink } from '../link/mqtt-link.ts';
import { encodeTelemetry, type TelemetryFrame } from '../model/telemetry.ts';
import { telemetryTopic } from '../model/topic.ts';
import { parseCommandLine } from './command-line.ts';
import type { RunFile } from './data-dir.ts';
import { createProgress } from './progress.ts';
import { loadMapping, MAPPING_FLAGS, type ReplayMapping } from './replay-mapping.ts';
import { createRowReader, type RowFault } from './replay-rows.ts';
import { loadSettings, type Settings } from './settings.ts';
import { ConfigError, StartError } from './start-error.ts';

const HELP = `aimak replay FILE.csv[.gz] --site SITE --map COLUMN=DEVICE.METRIC …

  --site SITE                 the site of the devices
  --map COLUMN=DEVICE.METRIC  once per column that is to be published
  --time-column COLUMN        default: the first column
  --time-zone ZONE            of times that name none, e.g. Asia/Bishkek or +06:00 (default: UTC)
  --mapping FILE.yaml         all of this in a file: {site, time: {column, zone}, columns: {COLUMN: DEVICE.METRIC}}
  --mqtt-url URL              default: the server that runs on --data-dir, or mqtt://127.0.0.1:1883
`;

/** Frames in one backlog message: far below the 64 KiB limit. */
const BACKLOG_FRAMES = 250;
const MAX_UNACKNOWLEDGED = 20;
const CONNECT_MS = 10_000;
const FAULTS_SHOWN = 5;

interface Tally {
  rows: number;
  readings: number;
  readonly faults: RowFault[];
  faultCount: number;
}

export async function runReplay(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv, MAPPING_FLAGS);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const settings = loadSettings(commandLine, env);
  const mapping = loadMapping(commandLine.own);
  const [file, ...surplus] = commandLine.words;
  const faults = [...settings.faults, ...('faults' in mapping ? mapping.faults : [])];
  if (file === undefined) faults.push('replay: expected a file');
  else if (!existsSync(file)) faults.push(`${file}: no such file`);
  for (const word of surplus) faults.push(`${word}: expected one file only`);
  if (!settings.value || 'faults' in mapping || file === undefined || faults.length > 0) throw new ConfigError(faults);
  await replayFile(file, mapping, settings.value);
}

async function replayFile(file: string, mapping: ReplayMapping, settings: Settings): Promise<void> {
  const log = pino({ level: 'silent' });
  const url = brokerUrl(settings);
  const { user, passwordFile } = settings.mqtt;
  const password = passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').trimEnd();
  const link = startMqttLink({ url, clientId: `replay-${randomUUID().slice(0, 8)}`, user, password }, log);
  try {
    if (!(await link.connected(CONNECT_MS)))
      throw new StartError(`no broker answers at ${url}; is "npm start" running?`);
    report(await publishFile(file, mapping, link));
  } finally {
    await link.stop();
  }
}

/** The server on the same data folder says in its run file where it listens. */
function brokerUrl({ mqtt, dataDir, mqttPort }: Settings): string {
  if (mqtt.url !== undefined) return mqtt.url;
  const runFile = join(dataDir, 'run.json');
  const port = existsSync(runFile) ? (JSON.parse(readFileSync(runFile, 'utf8')) as RunFile).mqttPort : mqttPort;
  return `mqtt://127.0.0.1:${port}`;
}

async function publishFile(file: string, mapping: ReplayMapping, link: MqttLink): Promise<Tally> {
  const progress = createProgress('replaying', statSync(file).size);
  const source = createReadStream(file);
  source.on('data', (chunk) => progress.advance(chunk.length));
  const tally: Tally = { rows: 0, readings: 0, faults: [], faultCount: 0 };
  const outlet = createOutlet(link, mapping.site);
  let read: ReturnType<typeof createRowReader> | null = null;
  for await (const { record, info } of csvRows(source, file)) {
    if (read === null) {
      read = createRowReader(record, mapping);
      if (typeof read !== 'function') throw new ConfigError(read.map((fault) => `${file}: ${fault}`));
      continue;
    }
    if (typeof read !== 'function') continue;
    const { frames, readings, faults } = read(record, info.lines);
    tally.rows++;
    tally.readings += readings;
    tally.faultCount += faults.length;
    tally.faults.push(...faults.slice(0, Math.max(0, FAULTS_SHOWN - tally.faults.length)));
    for (const [device, frame] of frames) await outlet.add(device, frame);
  }
  await outlet.flush();
  progress.finish();
  return tally;
}

type CsvRow = { record: string[]; info: { lines: number } };

function csvRows(source: Readable, file: string): AsyncIterable<CsvRow> {
  const parser = parse({ info: true, bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  // A fault of any stage ends the parser, and so the loop that reads it.
  const stages = file.endsWith('.gz') ? [source, createGunzip(), parser] : [source, parser];
  pipeline(stages, () => undefined);
  return parser;
}

/** Gathers frames into backlogs per device, with a bounded number of messages on their way. */
function createOutlet(link: MqttLink, site: string) {
  const backlogs = new Map<string, TelemetryFrame[]>();
  const onTheirWay = new Set<Promise<void>>();

  async function send(device: string, frames: readonly TelemetryFrame[]): Promise<void> {
    const sent = link.publish(telemetryTopic(site, device), encodeTelemetry(frames));
    const settled = sent.finally(() => onTheirWay.delete(settled));
    onTheirWay.add(settled);
    if (onTheirWay.size >= MAX_UNACKNOWLEDGED) await Promise.race(onTheirWay);
  }

  return {
    async add(device: string, frame: TelemetryFrame): Promise<void> {
      const backlog = backlogs.get(device) ?? [];
      backlog.push(frame);
      backlogs.set(device, backlog);
      if (backlog.length < BACKLOG_FRAMES) return;
      backlogs.delete(device);
      await send(device, backlog);
    },
    async flush(): Promise<void> {
      for (const [device, frames] of backlogs) await send(device, frames);
      await Promise.all(onTheirWay);
    },
  };
}

function report({ rows, readings, faults, faultCount }: Tally): void {
  process.stdout.write(`${rows} rows: ${readings} readings published and acknowledged\n`);
  if (faultCount === 0) return;
  const lines = faults.map(
    ({ line, column, text, expected }) => `  line ${line}, ${column}: expected ${expected}, got "${text}"`,
  );
  process.stderr.write(`${faultCount} cells left out:\n${lines.join('\n')}\n`);
  process.exitCode = 1;
}
