/** What can befall a file of the data folder: of its bytes, or of a row by SQL. Seeded, so that a case can be repeated. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface Damage {
  readonly name: string;
  /** Whether another seed is another case. */
  readonly isRandom: boolean;
  /** Throws where the file has nothing of the kind. */
  inflict(file: string, seed: number): void;
}

const PAGE_BYTES = 4096;
const HEADER_BYTES = 100;
const FLIPS = 40;

/** A generator of whole numbers below a bound (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed * 0x9e3779b1;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below) | 0;
  };
}

function ofBytes(
  name: string,
  change: (bytes: Buffer, random: (below: number) => number) => Buffer | undefined,
): Damage {
  const inflict = (file: string, seed: number): void => {
    const found = readFileSync(file);
    // SQLite writes nothing into a file that only locks: then the damage is what stands there at all.
    const bytes = found.length === 0 ? Buffer.alloc(PAGE_BYTES) : found;
    writeFileSync(file, change(bytes, seeded(seed)) ?? bytes);
  };
  return { name, isRandom: change.length > 1, inflict };
}

function fillPage(name: string, fill: (page: Buffer, random: (below: number) => number) => void): Damage {
  return ofBytes(name, (bytes, random) => {
    const pages = Math.ceil(bytes.length / PAGE_BYTES);
    const at = random(pages) * PAGE_BYTES;
    fill(bytes.subarray(at, at + PAGE_BYTES), random);
    return undefined;
  });
}

const garble = (bytes: Buffer, random: (below: number) => number): void => {
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
};

export const ANY_FILE: readonly Damage[] = [
  { name: 'deleted', isRandom: false, inflict: (file) => rmSync(file) },
  ofBytes('emptied', () => Buffer.alloc(0)),
  ofBytes('cut in half', (bytes) => bytes.subarray(0, bytes.length >> 1)),
  ofBytes('header zeroed', (bytes) => bytes.fill(0, 0, Math.min(HEADER_BYTES, bytes.length))),
  fillPage('a page zeroed', (page) => page.fill(0)),
  fillPage('a page garbled', garble),
  ofBytes(`${FLIPS} bits flipped`, (bytes, random) => {
    for (let i = 0; i < FLIPS; i++) {
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }
    return undefined;
  }),
];

/** For files that are text. */
export const A_FOLDER: Damage = {
  name: 'a folder in its place',
  isRandom: false,
  inflict(file) {
    if (existsSync(file)) rmSync(file);
    mkdirSync(file);
  },
};

/** Changes one blob or text, chosen by seed, of those that the query finds as `id` and `data`; a checksum beside it stays as it is. */
function ofRow(name: string, [select, update]: readonly [string, string], change: Change): Damage {
  const inflict = (file: string, seed: number): void => {
    const db = new DatabaseSync(file);
    try {
      const rows = db.prepare(select).all();
      const random = seeded(seed);
      const row = rows[random(rows.length)];
      if (!row) throw new Error(`${file}: nothing for "${name}"`);
      const [{ id, data }, isText] = [row, typeof row.data === 'string'];
      const bytes = Buffer.from(data as string | Uint8Array);
      change(bytes, random);
      // SQLite takes any bytes for a text; JavaScript would put others in the place of those that are none.
      const set = db.prepare(update.replace('?', isText ? 'CAST(? AS TEXT)' : '?'));
      set.run(bytes, ...(Array.isArray(id) ? id : [id as number]));
    } finally {
      db.close();
    }
  };
  return { name, isRandom: true, inflict };
}

type Change = (bytes: Buffer, random: (below: number) => number) => void;

const CHUNK = [
  "SELECT series || ' ' || start AS id, data FROM chunk ORDER BY series, start",
  "UPDATE chunk SET data = ? WHERE series || ' ' || start = ?",
] as const;
const JOURNAL = ['SELECT id, data FROM journal ORDER BY id', 'UPDATE journal SET data = ? WHERE id = ?'] as const;
const bodyOf = (table: string, where = '1'): readonly [string, string] => [
  `SELECT rowid AS id, body AS data FROM ${table} WHERE ${where} ORDER BY rowid`,
  `UPDATE ${table} SET body = ? WHERE rowid = ?`,
];

/** Another digit in a number of a JSON text: it stays JSON. */
function otherDigit(bytes: Buffer, random: (below: number) => number): void {
  const digits = [...bytes.keys()].filter((at) => /\d/.test(String.fromCharCode(bytes[at] ?? 0)));
  const at = digits[random(digits.length)] ?? 0;
  bytes[at] = 48 + (((bytes[at] ?? 48) - 48 + 1 + random(8)) % 10);
}

/** In the layout of the readings' journal, the values follow the times of so many readings. */
function otherValue(bytes: Buffer): void {
  const count = bytes.readUInt32LE(0);
  bytes.writeDoubleLE(24, 8 + count * 8);
}

export const JOURNAL_VALUE = 'another value in a journal row';
export const JOURNAL_GARBLED = 'a journal row garbled';
const CHUNK_SUMMARY = 'another summary of a chunk';

/** By SQL, on a file that was closed. */
export const ROWS: Readonly<Record<string, readonly Damage[]>> = {
  'readings.db': [
    ofRow('300 zero bytes at offset 2 of a chunk', CHUNK, (bytes) => bytes.fill(0, 2, 302)),
    ofRow('a chunk zeroed', CHUNK, (bytes) => bytes.fill(0)),
    ofRow('a chunk garbled', CHUNK, garble),
    ofRow('a chunk garbled behind its head', CHUNK, (bytes, random) => garble(bytes.subarray(24), random)),
    ofRow('a bit of a chunk', CHUNK, (bytes, random) => {
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }),
    sqlOnly(CHUNK_SUMMARY, 'UPDATE chunk SET min = -1, max = 24, last = 14 WHERE series = 1'),
    ofRow('a journal row zeroed', JOURNAL, (bytes) => bytes.fill(0)),
    ofRow(JOURNAL_GARBLED, JOURNAL, garble),
    ofRow('a count of four billion in a journal row', JOURNAL, (bytes) => bytes.writeUInt32LE(0xffffffff, 0)),
    ofRow(JOURNAL_VALUE, JOURNAL, otherValue),
  ],
  'alarms.db': [
    ofRow('an alarm zeroed', bodyOf('alarm'), (bytes) => bytes.fill(0)),
    ofRow('an alarm garbled', bodyOf('alarm'), garble),
    ofRow('another digit in an alarm', bodyOf('alarm'), otherDigit),
    sqlOnly(
      'another state of an alarm',
      `UPDATE alarm SET is_active = 0, is_open = 0, body = replace(body, '"unacknowledged"', '"normal"') WHERE is_open = 1`,
    ),
    sqlOnly(
      'another digit in an event',
      "DROP TRIGGER event_stays; UPDATE event SET seen_at = seen_at + 1000 WHERE seq % 3 = 0; CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END",
    ),
    ofRow('another digit in a work', bodyOf('work'), otherDigit),
    ofRow('the memory of the detectors garbled', bodyOf('detector_memory'), garble),
  ],
};

function sqlOnly(name: string, sql: string): Damage {
  const inflict = (file: string): void => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };
  return { name, isRandom: false, inflict };
}
