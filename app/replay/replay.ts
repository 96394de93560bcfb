/** `aimak replay`: publishes a file of past readings as a device would that has been without a link. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import pino from 'pino';
import { type MqttLink, startMqttLink } from '../../link/mqtt-link.ts';
import { brokerAccess, loopbackUrl } from '../broker-access.ts';
import { parseCommandLine } from '../config/command-line.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { createProgress } from '../progress.ts';
import { readRunFile } from '../run-files.ts';
import { ConfigError, StartError } from '../start-error.ts';
import { csvSize, readCsv } from './csv-file.ts';
import { loadMapping, MAPPING_FLAGS, type ReplayMapping } from './mapping.ts';
import { createOutlet } from './outlet.ts';
import { createRowReader, type RowFault } from './rows.ts';

const HELP = `aimak replay FILE.csv[.gz] --site SITE --map COLUMN=DEVICE.METRIC …

  --site SITE                 the site of the devices
  --map COLUMN=DEVICE.METRIC  once per column that is to be published
  --time-column COLUMN        default: the first column
  --time-zone ZONE            of times that name none, e.g. Asia/Bishkek or +06:00 (default: UTC)
  --mapping FILE.yaml         all of this in a file: {site, time: {column, zone}, columns: {COLUMN: DEVICE.METRIC}}
  --mqtt-url URL              default: the server that runs on --data-dir, or mqtt://127.0.0.1:1883
`;

const CONNECT_MS = 10_000;
const FAULTS_SHOWN = 5;

interface Tally {
  rows: number;
  readings: number;
  /** The first few, of `faultCount`. */
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
  else if (!statSync(file, { throwIfNoEntry: false })?.isFile()) faults.push(`${file}: no such file`);
  for (const word of surplus) faults.push(`${word}: expected one file only`);
  if (!settings.value || 'faults' in mapping || file === undefined || faults.length > 0) throw new ConfigError(faults);
  await replayFile(file, mapping, settings.value);
}

async function replayFile(file: string, mapping: ReplayMapping, settings: Settings): Promise<void> {
  const access = brokerAccess(settings, runningUrl(settings));
  const clientId = `replay-${randomUUID().slice(0, 8)}`;
  const link = startMqttLink({ ...access, clientId }, pino({ level: 'silent' }));
  try {
    if (!(await link.connected(CONNECT_MS))) {
      throw new StartError(`no broker answers at ${access.url}; is "npm start" running?`);
    }
    report(await publishFile(file, mapping, link));
  } finally {
    await link.stop();
  }
}

/** The server on the same data folder says in its run file where it listens. */
function runningUrl({ dataDir, host, mqttPort }: Settings): string {
  return readRunFile(dataDir)?.mqttUrl ?? loopbackUrl('mqtt', host, mqttPort);
}

async function publishFile(file: string, mapping: ReplayMapping, link: MqttLink): Promise<Tally> {
  const tally: Tally = { rows: 0, readings: 0, faults: [], faultCount: 0 };
  const outlet = createOutlet(link, mapping.site);
  const progress = createProgress('replaying', csvSize(file));
  try {
    const rows = readCsv(file, progress.advance);
    const { value: header } = await rows.next();
    if (header === undefined) throw new StartError(`${file}: is empty; expected a line of column names`);
    const read = createRowReader(header.cells, mapping);
    if (typeof read !== 'function') throw new ConfigError(read.map((fault) => `${file}: ${fault}`));
    for await (const { cells, line } of rows) {
      const { frames, readings, faults } = read(cells, line);
      count(tally, readings, faults);
      for (const [device, frame] of frames) await outlet.add(device, frame);
    }
  } catch (error) {
    if (error instanceof StartError) error.message += `; ${tally.readings} readings before that were published`;
    throw error;
  } finally {
    await outlet.flush();
    progress.finish();
  }
  return tally;
}

function count(tally: Tally, readings: number, faults: readonly RowFault[]): void {
  tally.rows++;
  tally.readings += readings;
  tally.faultCount += faults.length;
  tally.faults.push(...faults.slice(0, Math.max(0, FAULTS_SHOWN - tally.faults.length)));
}

function report({ rows, readings, faults, faultCount }: Tally): void {
  process.stdout.write(`${rows} rows: ${readings} readings published and acknowledged\n`);
  process.stdout.write('what the server made of them stands at its /api/health, rejects in its rejects.jsonl\n');
  if (faultCount === 0) return;
  const lines = faults.map(
    ({ line, column, text, expected }) => `  line ${line}, ${column}: expected ${expected}, got "${text}"`,
  );
  process.stderr.write(`${faultCount} cells left out:\n${lines.join('\n')}\n`);
  process.exitCode = 1;
}
