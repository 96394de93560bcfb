/** Brings messages from the ledger to people: over the first channel that takes them, again and again where none does. */
import type { Log } from '../../../model/log.ts';
import type { ChannelName, Person } from '../../../model/person.ts';
import type { NotificationChannel } from './channels/channel.ts';
import { type Change, type Ledger, LONGEST_WAIT_MS, type Message } from './ledger.ts';
import { PHRASES } from './phrases.ts';

export type Channels = ReadonlyMap<ChannelName, NotificationChannel>;

export interface DeliveryDependencies {
  readonly ledger: Ledger;
  /** In the order in which they are tried. */
  readonly channels: Channels;
  readonly person: (name: string) => Person | undefined;
  /** Whether a message still asks something of its person. */
  readonly isPointless: (message: Message) => boolean;
  /** Whether this is an hour for it. */
  readonly maySend: (message: Message, to: Person) => boolean;
  readonly now: () => number;
  readonly log: Log;
}

export interface Delivery {
  /** Starts what is due; to be called when something was added, and once a second. */
  pump(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** One message at a time to each; a channel that hangs holds up nobody but those who wait for it. */
const MAX_AT_ONCE = 32;
const FIRST_WAIT_MS = 5_000;

export function createDelivery(dependencies: DeliveryDependencies): Delivery {
  const { ledger, channels, person, isPointless, maySend, now, log } = dependencies;
  /** By person. */
  const underWay = new Map<string, Promise<void>>();
  let isStopping = false;

  function start(message: Message): void {
    const delivering = deliver(message)
      .catch((error) => log.error({ err: error, message: message.id }, 'a message was not handled'))
      .finally(() => {
        underWay.delete(message.person);
        pump();
      });
    underWay.set(message.person, delivering);
  }

  async function deliver(message: Message): Promise<void> {
    const { id, kind, tries, refused } = message;
    const to = person(message.person);
    const ways = to ? waysTo(to, channels).filter(({ name }) => !refused.includes(name)) : [];
    if (!to || ways.length === 0) {
      ledger.change(id, { state: 'failed', reason: message.reason ?? 'there is no way to this person' });
      return;
    }
    ledger.change(id, { state: 'sending', tries: tries + 1 });
    const outcome = await tryWays(message, to, ways);
    ledger.change(id, outcome);
    if (outcome.state === 'failed')
      log.warn({ person: to.name, kind, reason: outcome.reason }, 'a message cannot be sent');
  }

  /** Over one after the other, until one takes it. */
  async function tryWays(message: Message, to: Person, ways: readonly Way[]): Promise<Change> {
    const refused = [...message.refused];
    let [reason, askedMs] = ['', 0];
    for (const { name, channel, address } of ways) {
      const sending = await channel.send(address, toNotice(message, to));
      if (sending.kind === 'sent') return { state: 'sent', sentAt: now(), channel: name, reason: null };
      reason = `${name}: ${sending.reason}`;
      askedMs = Math.max(askedMs, sending.retryAfterMs ?? 0);
      if (!sending.mayRetry) refused.push(name);
      // The first time it is news.
      if (message.tries === 0) log.warn({ person: to.name, reason }, 'a message was not taken');
    }
    if (ways.every(({ name }) => refused.includes(name))) return { state: 'failed', reason, refused };
    return { state: 'queued', nextAt: now() + waitMs(message.tries, askedMs), reason, refused };
  }

  function pump(): void {
    for (const message of ledger.due(now())) {
      if (isStopping || underWay.size >= MAX_AT_ONCE) return;
      if (!underWay.has(message.person)) consider(message);
    }
  }

  function consider(message: Message): void {
    if (isPointless(message)) {
      ledger.change(message.id, { state: 'dropped', reason: 'it had lost its point' });
      return;
    }
    const to = person(message.person);
    // Whoever is not there any more is found so when it is tried.
    if (!to || maySend(message, to)) start(message);
  }

  return {
    pump,
    async stop() {
      isStopping = true;
      await Promise.all(underWay.values());
    },
  };
}

function waitMs(tries: number, askedMs: number): number {
  return Math.min(Math.max(FIRST_WAIT_MS * 2 ** Math.min(tries, 10), askedMs), LONGEST_WAIT_MS);
}

export interface Way {
  readonly name: ChannelName;
  readonly channel: NotificationChannel;
  readonly address: string;
}

/** How a person can be reached, the preferred way first. */
export function waysTo({ addresses }: Person, channels: Channels): readonly Way[] {
  return [...channels].flatMap(([name, channel]) => {
    const address = addresses[name];
    return address === undefined ? [] : [{ name, channel, address }];
  });
}

/** The button bears the message's id: an alarm's is too long for it. A digest has none, since nobody has read all of it. */
function toNotice({ id, kind, content }: Message, { language }: Person) {
  const isOpen = kind === 'page' && content.facts.kind === 'alarm';
  return { id, ...content, acknowledge: isOpen ? { alarm: id, label: PHRASES[language].acknowledge } : null };
}
