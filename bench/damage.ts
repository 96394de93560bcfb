/** Every file of the data folder damaged in every way: the server runs with what is whole and says so, or one sentence names file and remedy. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serverArgs, spawnAimak, whenUp } from '../test/harness/process.ts';
import { ask, type Said } from './damage-ask.ts';
import { type Case, nameOf, tryCase, type Verdict } from './damage-case.ts';
import { A_FOLDER, ANY_FILE, type Damage, JOURNAL_GARBLED, JOURNAL_VALUE, ROWS } from './damage-kinds.ts';
import { type Made, USER } from './damage-made.ts';
import { copyOf, makeDemo, makeOutbox, makeVillages } from './damage-truth.ts';
import { above, exactly, type Figure, figure, noBar } from './figure.ts';
import type { RunContext } from './run-context.ts';

/** Seeds of each random damage. */
const ROUNDS = 2;
const AT_ONCE = 3;
const LATE = /within|timeout|busy|ended with late|case itself/;

const DATABASES = ['readings.db', 'alarms.db', 'people.db', 'notify.db', 'broker.db', 'lock.db'];
const LOGS = ['readings.db-wal', 'alarms.db-wal', 'people.db-wal', 'notify.db-wal', 'broker.db-wal'];

/** What neither SQLite nor the program can notice, and why (docs/performance.md). */
const UNNOTICED: readonly { readonly file: RegExp; readonly damage: RegExp; readonly why: string }[] = [
  {
    file: /^(readings|alarms|notify|broker)\.db-wal$/,
    damage: /./,
    why: 'SQLite drops what does not fit of its log, as after a power cut',
  },
  {
    file: /^readings/,
    damage: new RegExp(`${JOURNAL_VALUE}|${JOURNAL_GARBLED}|bits flipped`),
    why: 'the journal has no checksum yet',
  },
];

export async function measureDamage(context: RunContext): Promise<readonly Figure[]> {
  const cases = await allCases(context);
  context.say(`${cases.length} cases`);
  const verdicts = new Map<Case, Verdict>();
  const tryAll = async (queue: Iterator<[number, Case]>): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const [i, one] = next.value;
      const verdict = await tryCase(context, one, i).catch((error: Error) => failed(one, error));
      verdicts.set(one, verdict);
      tell(context, verdict, isUnnoticed(one));
    }
  };
  const queue = cases.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, () => tryAll(queue)));
  // A machine with other things to do may make a server late: such a case is tried once more, alone.
  const late = cases.filter((one) => verdicts.get(one)?.faults.some((fault) => LATE.test(fault)));
  if (late.length > 0) context.say(`again, alone: ${late.length} cases`);
  await tryAll(late.entries());
  return judge([...verdicts.values()], new Set(cases.filter(isUnnoticed).map(nameOf)));
}

async function allCases(context: RunContext): Promise<Case[]> {
  const { stopped, killed } = await makeVillages(context);
  const [outbox, demo] = [await makeOutbox(context), await makeDemo(context)];
  const rounds = context.rounds ?? ROUNDS;
  const plan: readonly (readonly [Made, readonly string[], readonly Damage[]])[] = [
    [stopped, ['readings.db'], [UNTOUCHED]],
    [stopped, DATABASES, ANY_FILE],
    ...Object.entries(ROWS).map(([file, damages]) => [stopped, [file], damages] as const),
    [stopped, ['rejects.jsonl'], [...ANY_FILE, A_FOLDER]],
    [killed, ['readings.db'], [UNTOUCHED]],
    [killed, [...DATABASES, ...LOGS], ANY_FILE],
    [killed, ['run.json', 'run.token'], [...ANY_FILE, A_FOLDER]],
    [outbox, ['outbox.db'], [UNTOUCHED, ...ANY_FILE]],
    [demo, ['sim.json'], [UNTOUCHED, ...ANY_FILE, A_FOLDER]],
  ];
  const truths = new Map<Made, Said>();
  for (const made of [stopped, killed, outbox, demo]) truths.set(made, await truthOf(context, made));
  return plan.flatMap(([made, files, damages]) =>
    files
      .filter((file) => existsSync(join(made.dataDir, file)))
      .flatMap((file) =>
        damages.flatMap((damage) =>
          Array.from({ length: damage.isRandom ? rounds : 1 }, (_, i) => {
            return { made, truth: truths.get(made) as Said, file, damage, seed: i + 1 };
          }),
        ),
      ),
  );
}

/** The check of the check: a whole folder has nothing to tell. */
const UNTOUCHED: Damage = { name: 'nothing', isRandom: false, inflict: () => undefined };

/** What a server says that is started on the whole folder. */
async function truthOf(context: RunContext, made: Made): Promise<Said> {
  const dataDir = copyOf(made, join(context.folder, `truth-${made.name}`));
  const child = context.own(spawnAimak([...made.args, ...serverArgs(made.config, dataDir)]));
  const server = await whenUp(child, dataDir);
  const said = await ask(made, server, USER);
  child.kill('SIGTERM');
  return said;
}

const isUnnoticed = ({ file, damage }: Case): boolean =>
  UNNOTICED.some((kind) => kind.file.test(file) && kind.damage.test(damage.name));

function failed(one: Case, error: Error): Verdict {
  const faults = [`the case itself failed: ${error.message}`];
  const none = { lies: [], missing: [], isTold: false, traces: 0, isOverwritten: false, isOpen: false };
  return { name: nameOf(one), outcome: 'bad', faults, ...none };
}

const isHidden = ({ missing, isTold }: Verdict): boolean => missing.length > 0 && !isTold;

/** Only what is not as it should be. */
function tell(context: RunContext, verdict: Verdict, isListed: boolean): void {
  const { name, outcome, lies, missing, faults, traces, isOverwritten, isOpen } = verdict;
  const marks = [
    ...faults,
    ...(lies.length > 0 ? [`served and not true: ${lies.slice(0, 2).join(' | ')}`] : []),
    ...(isHidden(verdict) ? [`not told: ${missing.join(', ')}`] : []),
    ...(traces > 0 ? [`${traces} lines of a stack trace`] : []),
    ...(isOverwritten ? ['overwritten'] : []),
    ...(isOpen ? ['open to anybody'] : []),
  ];
  if (marks.length > 0) context.say(`${name}: ${outcome}${isListed ? ' (listed)' : ''}: ${marks.join('; ')}`);
}

function judge(verdicts: readonly Verdict[], listed: ReadonlySet<string>): Figure[] {
  const count = (of: (verdict: Verdict) => boolean): number => verdicts.filter(of).length;
  const isListed = ({ name }: Verdict): boolean => listed.has(name);
  const isWrong = ({ lies }: Verdict): boolean => lies.length > 0;
  return [
    figure(['cases', 'cases'], above(0), verdicts.length),
    figure(
      ['up with what is whole', 'cases'],
      noBar,
      count(({ outcome }) => outcome === 'up'),
    ),
    figure(
      ['not started, with a sentence', 'cases'],
      noBar,
      count(({ outcome }) => outcome === 'refused'),
    ),
    figure(
      ['neither up nor ended as it should be: hangs, loops, sentences without file or remedy', 'cases'],
      exactly(0),
      count(({ outcome, faults }) => outcome === 'bad' || faults.length > 0),
    ),
    figure(
      ['with a stack trace', 'cases'],
      exactly(0),
      count(({ traces }) => traces > 0),
    ),
    figure(
      ['readings or alarms served that are not true', 'cases'],
      exactly(0),
      count((one) => isWrong(one) && !isListed(one)),
    ),
    figure(
      ['something gone and nobody told', 'cases'],
      exactly(0),
      count((one) => isHidden(one) && !isListed(one)),
    ),
    figure(
      ['either, of kinds that cannot be noticed and are listed', 'cases'],
      noBar,
      count((one) => isListed(one) && (isWrong(one) || isHidden(one))),
    ),
    figure(
      ['a damaged file overwritten', 'cases'],
      exactly(0),
      count(({ isOverwritten }) => isOverwritten),
    ),
    figure(
      ['open to whoever was kept out', 'cases'],
      exactly(0),
      count(({ isOpen }) => isOpen),
    ),
  ];
}
