/** Every option, once: its flag, its environment variable and its place in the configuration (contract 1.1). */

interface OptionRow {
  readonly flag: string;
  /** Path in `Settings`, dotted. */
  readonly key: string;
  readonly isNumber?: boolean;
  /** Behind `AIMAK_`, where the flag alone would not say what it is of. */
  readonly env?: string;
  readonly help: string;
}

export interface Option extends Omit<OptionRow, 'env'> {
  readonly env: string;
}

const ROWS: readonly OptionRow[] = [
  { flag: 'config', key: 'config', help: 'configuration file (default: the built-in demo village)' },
  { flag: 'data-dir', key: 'dataDir', help: 'where everything is stored (default: ./data)' },
  { flag: 'host', key: 'host', help: 'address to listen on (default: 127.0.0.1)' },
  { flag: 'http-port', key: 'httpPort', isNumber: true, help: 'port of the page and the API; 0: any (default: 8080)' },
  { flag: 'mqtt-port', key: 'mqttPort', isNumber: true, help: 'port of the embedded broker; 0: any (default: 1883)' },
  { flag: 'mqtt-url', key: 'mqtt.url', help: 'another broker, in place of the embedded one' },
  { flag: 'mqtt-user', key: 'mqtt.user', help: 'user name at that broker' },
  { flag: 'mqtt-password-file', key: 'mqtt.passwordFile', help: 'file that holds the password' },
  { flag: 'mqtt-ca', key: 'mqtt.ca', help: 'PEM file of the authority that signed the certificate of that broker' },
  { flag: 'store', key: 'store.kind', help: 'sqlite or influx (default: sqlite)' },
  { flag: 'influx-url', key: 'store.influx.url', help: 'InfluxDB, such as http://127.0.0.1:8086' },
  { flag: 'influx-token-file', key: 'store.influx.tokenFile', help: 'file that holds its token' },
  { flag: 'influx-user', key: 'store.influx.user', help: 'or: user name there' },
  { flag: 'influx-password-file', key: 'store.influx.passwordFile', help: 'and the file that holds the password' },
  { flag: 'influx-org', key: 'store.influx.org', help: 'organisation, for InfluxDB 2' },
  { flag: 'influx-bucket', key: 'store.influx.bucket', help: 'bucket or database (default: aimak)' },
  { flag: 'influx-api', key: 'store.influx.api', help: 'v2 (1.8, 2 and 3) or v1 (all versions) (default: v2)' },
  {
    flag: 'seed',
    key: 'sim.seed',
    env: 'SIM_SEED',
    isNumber: true,
    help: 'simulator: another seed is another village (default: 1)',
  },
  {
    flag: 'backfill-days',
    key: 'sim.backfillDays',
    env: 'SIM_BACKFILL_DAYS',
    isNumber: true,
    help: 'simulator: how much past a new village has (default: 14)',
  },
  { flag: 'from', key: 'sim.from', env: 'SIM_FROM', help: 'simulator: or when it begins, local time or with its zone' },
  {
    flag: 'speed',
    key: 'sim.speed',
    env: 'SIM_SPEED',
    isNumber: true,
    help: 'simulator: times faster than the clock while it is behind, or max (default: max)',
  },
  { flag: 'scenario', key: 'sim.scenario', env: 'SIM_SCENARIO', help: 'simulator: YAML file of faults' },
  { flag: 'truth', key: 'sim.truth', env: 'SIM_TRUTH', help: 'simulator: file for the true faults, JSON Lines' },
  {
    flag: 'modbus',
    key: 'sim.modbus',
    env: 'SIM_MODBUS',
    help: 'simulator: bridge file whose Modbus units it answers as',
  },
  { flag: 'log-level', key: 'logLevel', help: 'debug, info, warn or error (default: info)' },
];

export const OPTIONS: readonly Option[] = ROWS.map((row) => ({
  ...row,
  env: `AIMAK_${row.env ?? row.flag.toUpperCase().replaceAll('-', '_')}`,
}));

/** Read by tests and tools, not by the program. */
export const OTHER_ENV: ReadonlySet<string> = new Set(['AIMAK_SHARED']);
