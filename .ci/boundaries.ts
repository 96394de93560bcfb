/** The import rules of the house (docs/architecture.md), checked by dependency-cruiser; seeing no modules is a failure too. */
import { cruise, type IReporterOutput } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const FOLDERS = ['model', 'link', 'broker', 'ingest', 'device-sim', 'firmware-bridge', 'dashboard', 'app'];
const SIBLINGS = ['broker', 'ingest', 'device-sim', 'firmware-bridge', 'dashboard'];

/** Each library has one home: whoever wants it elsewhere calls that home. */
const HOMES: Record<string, string> = {
  aedes: '^broker/',
  mqtt: '^link/',
  fastify: '^dashboard/',
  '@fastify/.*': '^dashboard/',
  'socket\\.io': '^dashboard/',
  'socket\\.io-client': '^dashboard/web/',
  'preact|@preact/.*|uplot|i18next': '^dashboard/web/',
  '@influxdata/.*': '^ingest/store/',
  'modbus-serial': '^(firmware-bridge|device-sim)/',
  serialport: '^link/',
  'nodemailer|node-pdu': '^ingest/alarms/notify/',
  'epanet-js': '^device-sim/',
  'astronomy-engine': '^model/',
  zod: '^(model|app|dashboard)/',
  'qlobber|mqtt-packet|aedes-.*': '^broker/',
  'csv-parse|cli-progress|pino.*|temporal-polyfill|yaml': '^app/',
};

/** What drives two commits from outside: with the product's own code in it, it would be today's on both sides. */
const DRIVER = ['bench/compare', 'bench/children/load.ts'];

const NOT_CODE = '^(test|bench|\\.ci)/';

const forbidden = [
  {
    name: 'no-cycles',
    severity: 'error' as const,
    from: {},
    to: { circular: true, dependencyTypesNot: ['type-only' as const] },
  },
  {
    name: 'model-imports-only-itself',
    severity: 'error' as const,
    from: { path: '^model/' },
    to: { pathNot: '^(model/|node_modules/(zod|astronomy-engine)/)' },
  },
  {
    name: 'link-imports-only-model',
    severity: 'error' as const,
    from: { path: '^link/' },
    to: { path: `^(${SIBLINGS.join('|')}|app)/` },
  },
  ...SIBLINGS.map((folder) => ({
    name: `${folder}-imports-no-sibling`,
    severity: 'error' as const,
    from: { path: `^${folder}/` },
    to: { path: `^(${[...SIBLINGS.filter((other) => other !== folder), 'app'].join('|')})/` },
  })),
  ...Object.entries(HOMES).map(([library, home]) => ({
    name: `home-of-${library}`,
    severity: 'error' as const,
    from: { pathNot: `${home}|${NOT_CODE}|vite\\.config\\.ts$` },
    to: { path: `^node_modules/(${library})/` },
  })),
  {
    name: 'sqlite-at-home',
    severity: 'error' as const,
    from: { pathNot: `^(ingest/store|ingest/alarms|ingest/people|link|broker/sessions)/|${NOT_CODE}` },
    to: { path: '^(node:)?sqlite$' },
  },
  {
    name: 'comparing-imports-no-product',
    severity: 'error' as const,
    from: { path: `^(${DRIVER.join('|')})` },
    // `fill.ts` imports none itself, but starts a process that does.
    to: { path: `^(${FOLDERS.join('|')})/|^bench/fill\\.ts$`, reachable: true },
  },
  { name: 'nothing-imports-tests', severity: 'error' as const, from: { pathNot: NOT_CODE }, to: { path: NOT_CODE } },
];

const result = await cruise(
  [...FOLDERS, ...DRIVER],
  {
    ruleSet: { forbidden },
    validate: true,
    tsPreCompilationDeps: true,
    exclude: { path: '^dashboard/web/dist/' },
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
  { extensions: ['.ts', '.tsx', '.js'], conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { output } = result as IReporterOutput;
if (typeof output === 'string') throw new Error(output);
const { violations, totalCruised } = output.summary;
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} -> ${to}`);
const seen = output.modules.map(({ source }) => source);
const unseen = [...FOLDERS, ...DRIVER].filter((folder) => !seen.some((source) => source.startsWith(folder)));
for (const folder of unseen) console.error(`no module seen in ${folder}: the check is blind there`);
console.log(`boundaries: ${totalCruised} modules, ${violations.length} violations`);
process.exitCode = violations.length + unseen.length > 0 || totalCruised === 0 ? 1 : 0;
