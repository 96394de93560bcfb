/** `aimak bridge`: reads Modbus devices and publishes what they say; runs for years on a small computer at the site. */
import { join } from 'node:path';
import { startBridge } from '../firmware-bridge/bridge.ts';
import { bridgeStatusTopic, lastWill } from '../firmware-bridge/status.ts';
import { startMqttLink } from '../link/mqtt-link.ts';
import { openOutbox } from '../link/outbox.ts';
import { type BridgeFile, parseBridgeFile } from '../model/bridge-file.ts';
import { startBridgeClock } from './bridge-clock.ts';
import { beginRun } from './bridge-runs.ts';
import { brokerAccess } from './broker-access.ts';
import { BRIDGE_FLAGS, type BridgeSettings, loadBridgeSettings } from './config/bridge-settings.ts';
import { parseCommandLine } from './config/command-line.ts';
import { loadProfilesBeside } from './config/profile-files.ts';
import { readYamlFile } from './config/yaml-file.ts';
import { openDataDir } from './data-dir.ts';
import { createLogger } from './logger.ts';
import { giveBack } from './memory-policy.ts';
import { ConfigError, StartError } from './start-error.ts';
import { stopOnSignal } from './stop-on-signal.ts';

const HELP = `aimak bridge --config bridge.yaml --mqtt-url URL

  --config FILE               the bridge file: buses, units and their devices; profiles of your own lie in the
                              folder "profiles" beside it
  --mqtt-url URL              the broker, mqtt://host:port or mqtts://host:port
  --mqtt-user NAME            and --mqtt-password-file FILE, --mqtt-ca FILE
  --data-dir DIR              where readings wait for the broker (default: ./data-bridge)
  --outbox-mb N               the most of them (default: 512); then the oldest are dropped and counted
  --outbox-days N             and for how long (default: 92)
  --log-level LEVEL           debug, info, warn or error (default: info)

What an unknown device says is found out with "aimak probe --help".
`;

export async function runBridge(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv, BRIDGE_FLAGS);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const settings = loadBridgeSettings(commandLine, env);
  const [surplus] = commandLine.words;
  const faults = [...settings.faults, ...(surplus === undefined ? [] : [`${surplus}: bridge takes options only`])];
  if (!settings.value || faults.length > 0) throw new ConfigError(faults);
  const file = loadBridgeFile(settings.value.file);
  const log = await createLogger(settings.value.logLevel);
  const starting = composeBridge(settings.value, file, log);
  stopOnSignal(async () => (await starting)(), log);
  await starting;
}

/** With every fault of it, and of the profiles. */
function loadBridgeFile(path: string): BridgeFile {
  const { profiles, faults } = loadProfilesBeside(path);
  const yaml = readYamlFile(path);
  const parsed = yaml.faults.length === 0 ? parseBridgeFile(yaml.content, profiles) : null;
  const all = [...faults, ...yaml.faults, ...(parsed && !parsed.ok ? parsed.faults.map(yaml.describe) : [])];
  if (!parsed?.ok || all.length > 0) throw new ConfigError(all);
  return parsed.value;
}

const SETTLED_MS = 5_000;

type Log = Awaited<ReturnType<typeof createLogger>>;

/** Every part in the order of starting; returns how to end them the other way round. */
async function composeBridge(settings: BridgeSettings, file: BridgeFile, log: Log): Promise<() => Promise<void>> {
  const { dataDir, outboxBytes, maxAgeMs } = settings;
  const access = brokerAccess(settings, '');
  const closeDataDir = openDataDir(dataDir);
  const run = beginRun(join(dataDir, 'bridge-runs.json'));
  const outbox = await openOutbox(
    { file: join(dataDir, 'bridge.db'), maxBytes: outboxBytes, whenFull: 'drop-oldest', whenDamaged: 'set-aside' },
    (damaged) =>
      log.error({ file: damaged }, 'the readings that waited were damaged and are set aside; a new file is begun'),
  ).catch((error: Error) => {
    throw new StartError(`the data in ${dataDir} cannot be used: ${error.message}`);
  });
  const clock = await startBridgeClock(file.clock);
  const will = { topic: bridgeStatusTopic(file), payload: lastWill() };
  const link = startMqttLink({ ...access, clientId: `bridge-${file.gateway}`, will }, log);
  const bridge = startBridge({ file, run: run.record, maxAgeMs }, { outbox, link, clock, log });
  const units = file.buses.flatMap((bus) => bus.units).length;
  log.info({ dataDir, broker: access.url, units }, `the bridge ${file.gateway} polls ${units} devices`);

  // What reading the profiles took is a tenth of all that the bridge needs, and would stay for days.
  const settled = setTimeout(giveBack, SETTLED_MS);

  return async () => {
    clearTimeout(settled);
    await bridge.stop();
    await link.stop();
    clock.stop();
    await outbox.stop();
    run.end();
    closeDataDir();
  };
}
