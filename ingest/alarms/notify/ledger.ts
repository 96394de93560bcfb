/** What has been told to whom, and what is on its way: saved first where it can be, and sent all the same where it cannot. */
import { randomUUID } from 'node:crypto';
import type { Log } from '../../../model/log.ts';
import type { ChannelName } from '../../../model/person.ts';
import type { Content } from './channels/channel.ts';
import type { Recent } from './gather.ts';
import type { LedgerFile } from './ledger-file.ts';
import { type Page, type PageKey, pageKey } from './policy.ts';

export interface Message {
  readonly id: string;
  readonly person: string;
  readonly kind: Recent['kind'] | 'morning';
  /** When it was decided, epoch ms. */
  readonly at: number;
  /** Of a critical alarm. */
  readonly isUrgent: boolean;
  readonly content: Content;
  /** `doubtful`: the process ended while it was on its way. `dropped`: it had lost its point, or there were too many. */
  readonly state: 'queued' | 'sending' | 'sent' | 'doubtful' | 'failed' | 'dropped';
  readonly tries: number;
  /** Not tried before. */
  readonly nextAt: number;
  readonly sentAt: number | null;
  /** That took it. */
  readonly channel: ChannelName | null;
  /** Why it was not sent the last time. */
  readonly reason: string | null;
  /** Channels that will not take it. */
  readonly refused: readonly ChannelName[];
}

export interface PageRow extends PageKey {
  readonly message: string;
}

type NewMessage = Pick<Message, 'person' | 'kind' | 'at' | 'isUrgent' | 'content'> & {
  readonly pages: readonly PageKey[];
};

export interface LedgerCounts {
  readonly queued: number;
  /** Of the queued, those that no channel took at the last try. */
  readonly retrying: number;
  /** Since the start. */
  readonly sent: number;
  readonly failed: number;
  readonly dropped: number;
  /** Not saved yet. */
  readonly unsaved: number;
}

export type Change = Partial<Pick<Message, 'state' | 'tries' | 'nextAt' | 'sentAt' | 'channel' | 'reason' | 'refused'>>;

export interface Ledger {
  /** Nothing where all its pages are there already. */
  add(message: NewMessage): void;
  change(id: string, change: Change): void;
  message(id: string): Message | undefined;
  pagesOf(episode: string): readonly Page[];
  pagesIn(message: string): readonly PageKey[];
  /** What a person was sent of alarms in the last hour. */
  recentTo(person: string, now: number): readonly Recent[];
  /** Those to be tried now, the urgent first, then the oldest. */
  due(now: number): readonly Message[];
  counts(): LedgerCounts;
  saveUnsaved(): void;
  /** Lets go of what is settled and of no episode that stands. */
  forget(isStanding: (episode: string) => boolean, now: number): void;
  close(): Promise<void>;
}

/** Between two tries. */
export const LONGEST_WAIT_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const KEPT_MS = 90 * 24 * HOUR_MS;
/** On their way at a time; no village has as many. */
const MAX_OPEN = 1_000;
/** Of those beyond, the record is lost, not the message. */
const MAX_UNSAVED = 5_000;

export function createLedger(file: LedgerFile, { log, now }: { log: Log; now: number }): Ledger {
  const messages = new Map<string, Message>();
  /** By episode; those asked for are here, also where there are none. */
  const episodes = new Map<string, readonly PageRow[]>();
  const unsaved = new Map<string, readonly PageRow[]>();
  const tally = { sent: 0, failed: 0, dropped: 0 };
  let isFailing = false;

  function save(): void {
    if (unsaved.size === 0) return;
    try {
      file.save([...unsaved].flatMap(([id, pages]) => withMessage(messages.get(id), pages)));
      unsaved.clear();
      if (isFailing) log.info({}, 'the ledger of messages can be saved again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'the ledger of messages cannot be saved; messages go out all the same');
      isFailing = true;
      dropRecords();
    }
  }

  function dropRecords(): void {
    for (const id of unsaved.keys()) {
      if (unsaved.size <= MAX_UNSAVED) return;
      unsaved.delete(id);
    }
  }

  function put(message: Message, pages: readonly PageRow[] = []): void {
    messages.set(message.id, message);
    unsaved.set(message.id, [...(unsaved.get(message.id) ?? []), ...pages]);
    save();
  }

  function rowsOf(episode: string): readonly PageRow[] {
    const known = episodes.get(episode);
    if (known) return known;
    const rows = file.pagesOf(episode);
    episodes.set(episode, rows);
    return rows;
  }

  function messageOf(id: string): Message | undefined {
    const known = messages.get(id) ?? file.message(id);
    if (known) messages.set(id, known);
    return known;
  }

  for (const message of file.messagesSince(now - HOUR_MS)) {
    if (message.state === 'sending') put(doubtful(message));
    else messages.set(message.id, message);
  }

  const open = (): Message[] => [...messages.values()].filter(isOpen);

  function dropOne(): void {
    const waiting = open().filter(({ state }) => state === 'queued');
    const victim = waiting.find(({ isUrgent }) => !isUrgent) ?? waiting[0];
    if (victim) change(victim.id, { state: 'dropped', reason: 'too many messages wait' });
  }

  const change: Ledger['change'] = (id, changes) => {
    const before = messageOf(id);
    if (!before) return;
    const { state } = changes;
    if (state !== before.state && (state === 'sent' || state === 'failed' || state === 'dropped')) tally[state]++;
    put({ ...before, ...changes });
  };

  return {
    add({ pages, ...facts }) {
      const fresh = pages.filter((page) => !rowsOf(page.episode).some((row) => pageKey(row) === pageKey(page)));
      if (fresh.length === 0) return;
      const id = randomUUID();
      const sending = {
        state: 'queued',
        tries: 0,
        nextAt: facts.at,
        sentAt: null,
        channel: null,
        reason: null,
      } as const;
      const rows = fresh.map((page): PageRow => ({ ...page, message: id }));
      for (const row of rows) episodes.set(row.episode, [...rowsOf(row.episode), row]);
      put({ ...facts, id, ...sending, refused: [] }, rows);
      if (open().length > MAX_OPEN) dropOne();
    },
    change,
    message: messageOf,
    pagesOf: (episode) => rowsOf(episode).map((row) => toPage(row, messageOf(row.message))),
    pagesIn: (id) => [...file.pagesIn(id), ...(unsaved.get(id) ?? [])],
    recentTo: (person, nowMs) =>
      [...messages.values()].flatMap(({ person: of, kind, at, state }) => {
        const isRecent = of === person && Math.abs(nowMs - at) < HOUR_MS && state !== 'dropped';
        return isRecent && kind !== 'morning' ? [{ kind, at }] : [];
      }),
    due: (nowMs) =>
      open()
        .filter(({ state, nextAt }) => state === 'queued' && isReached(nextAt, nowMs))
        .sort((a, b) => Number(b.isUrgent) - Number(a.isUrgent) || a.at - b.at),
    counts() {
      const queued = open();
      const retrying = queued.filter(({ reason }) => reason !== null).length;
      return { queued: queued.length, retrying, ...tally, unsaved: unsaved.size };
    },
    saveUnsaved: save,
    forget(isStanding, nowMs) {
      // What is not on disk is nowhere else.
      if (unsaved.size > 0) return;
      for (const episode of episodes.keys()) if (!isStanding(episode)) episodes.delete(episode);
      const needed = new Set([...episodes.values()].flatMap((rows) => rows.map(({ message }) => message)));
      for (const [id, message] of messages) {
        const isOld = Math.abs(nowMs - message.at) >= HOUR_MS;
        if (isOld && !isOpen(message) && !needed.has(id)) messages.delete(id);
      }
      file.forgetBefore(nowMs - KEPT_MS);
    },
    async close() {
      save();
      await file.close();
    },
  };
}

/** By a clock that was set back since, it would wait for longer than anything does. */
const isReached = (nextAt: number, now: number): boolean => nextAt <= now || nextAt > now + LONGEST_WAIT_MS;

/** Whether a message arrived that was on its way when the process ended, nobody knows. */
function doubtful(message: Message): Message {
  return { ...message, state: 'doubtful', sentAt: message.nextAt, reason: 'the process ended meanwhile' };
}

function withMessage(message: Message | undefined, pages: readonly PageRow[]) {
  return message ? [{ message, pages }] : [];
}

const isOpen = ({ state }: Message): boolean => state === 'queued' || state === 'sending';

function toPage(row: PageRow, message: Message | undefined): Page {
  const { state = 'dropped', at = 0, sentAt = null } = message ?? {};
  return { ...row, at: sentAt ?? at, state: state === 'queued' || state === 'sending' ? 'open' : state };
}
