/** The life of an alarm as one pure function, row by row of ISA-18.2 (alarm semantics 3a). */
import { type Alarm, type AlarmEvent, isMuted, type Shelf, type Telling } from './alarm.ts';
import type { ConditionChange, ConditionRaise } from './condition.ts';

export interface Step {
  readonly alarm: Alarm;
  readonly tell: Telling | null;
}

type Of<Kind extends AlarmEvent['kind']> = Extract<AlarmEvent, { kind: Kind }>;

/** The alarm after an event and what people are to hear, or null where the event changes nothing. `now`: the server's time. */
export function transition(current: Alarm | undefined, event: AlarmEvent, now: number): Step | null {
  if (event.kind === 'raise') return raise(current, event, now);
  if (!current) return null;
  switch (event.kind) {
    case 'return':
      return giveBack(current, event.at, now);
    case 'acknowledge':
      return acknowledge(current, now);
    case 'reset':
      return current.state === 'latched' ? quiet({ ...current, state: 'normal', stateSince: now }) : null;
    case 'shelve':
      return shelve(current, event, now);
    case 'unshelve':
    case 'shelf-over':
      return current.shelved ? unmuted({ ...current, shelved: null }, now) : null;
    case 'out-of-service': {
      const { by, reason } = event;
      return current.outOfService ? null : quiet({ ...current, outOfService: { by, reason, at: now } });
    }
    case 'in-service':
      return current.outOfService ? unmuted({ ...current, outOfService: null }, now) : null;
    case 'suppress':
      return suppress(current, event.suppressors);
    case 'release':
      return current.suppressedBy.length > 0 ? spoken({ ...current, suppressedBy: [] }, 'released', now) : null;
    case 'hold-over':
      return current.heldUntil !== null ? spoken({ ...current, heldUntil: null }, 'raised', now) : null;
    case 're-alarm':
      return reAlarm(current, now);
    case 'withdraw':
      return withdraw(current, now);
  }
}

const quiet = (alarm: Alarm): Step => ({ alarm, tell: null });

function raise(current: Alarm | undefined, event: Of<'raise'>, now: number): Step | null {
  switch (current?.state) {
    case 'unacknowledged':
    case 'acknowledged':
      return null;
    case 'returned-unacknowledged':
    case 'latched': {
      const { suppressedBy, heldUntil } = event;
      const repeatCount = current.repeatCount + 1;
      const open = { ...current, state: 'unacknowledged', stateSince: now, returnedAt: null, clearedAt: null } as const;
      const again: Alarm = { ...open, repeatCount, suppressedBy, heldUntil };
      // What latched was over, and people had been told so or had seen it: that it came again is new.
      if (current.state === 'latched') return told({ ...again, isAnnounced: false }, 'raised', now);
      return { alarm: again, tell: isMuted(again) ? null : 'again' };
    }
    default:
      return told(episode(current, event, now), 'raised', now);
  }
}

/** A new one. What a person has said about the condition goes on. */
function episode(previous: Alarm | undefined, { condition, suppressedBy, heldUntil }: Of<'raise'>, now: number): Alarm {
  const { kind: _, at, ...facts } = condition;
  const { shelved = null, outOfService = null } = previous ?? {};
  return {
    ...facts,
    id: episodeId(condition),
    state: 'unacknowledged',
    raisedAt: at,
    returnedAt: null,
    clearedAt: null,
    stateSince: now,
    repeatCount: 0,
    isAnnounced: false,
    askedAt: null,
    childCount: 0,
    shelved,
    outOfService,
    suppressedBy,
    heldUntil,
  };
}

function episodeId({ key, at, isHistorical }: Pick<ConditionRaise, 'key' | 'at' | 'isHistorical'>): string {
  return isHistorical ? `${key}.past.${at}` : `${key}.${at}`;
}

/** It asks people to act, unless something mutes it. */
function told(alarm: Alarm, tell: Telling, now: number): Step {
  return isMuted(alarm) ? quiet(alarm) : { alarm: { ...alarm, isAnnounced: true, askedAt: now }, tell };
}

/** What is over and asks for nothing but, perhaps, a reset. */
function closed(alarm: Alarm, now: number): Alarm {
  return { ...alarm, state: alarm.latches ? 'latched' : 'normal', stateSince: now, heldUntil: null };
}

function giveBack(current: Alarm, at: number, now: number): Step | null {
  if (current.state !== 'unacknowledged' && current.state !== 'acknowledged') return null;
  const over = { ...current, returnedAt: at, clearedAt: now, shelved: keptShelf(current.shelved) };
  if (current.state === 'acknowledged') return { alarm: closed(over, now), tell: isMuted(current) ? null : 'cleared' };
  // Nobody was told, or a person muted it and so has seen it: there is nothing left to acknowledge.
  const isKnown = !current.isAnnounced || current.shelved !== null || current.outOfService !== null;
  if (isKnown) return quiet(closed(over, now));
  const unseen: Alarm = { ...over, state: 'returned-unacknowledged', stateSince: now, heldUntil: null };
  return { alarm: unseen, tell: isMuted(current) ? null : 'cleared-unacknowledged' };
}

/** A one-shot shelf ends with the condition. */
const keptShelf = (shelf: Shelf | null): Shelf | null => (shelf?.until === 'one-shot' ? null : shelf);

function acknowledge(current: Alarm, now: number): Step | null {
  if (current.state === 'returned-unacknowledged') return quiet(closed(current, now));
  if (current.state !== 'unacknowledged') return null;
  return quiet({ ...current, state: 'acknowledged', stateSince: now, isAnnounced: true, heldUntil: null });
}

function shelve(current: Alarm, { by, reason, until }: Of<'shelve'>, now: number): Step | null {
  // It would end with a condition that is over already.
  const isPointless = until === 'one-shot' ? current.clearedAt !== null : until <= now;
  return isPointless ? null : quiet({ ...current, shelved: { by, reason, until } });
}

function suppress(current: Alarm, suppressors: readonly string[]): Step | null {
  const isSame =
    suppressors.length === current.suppressedBy.length && suppressors.every((id, i) => id === current.suppressedBy[i]);
  if (isSame || suppressors.length === 0 || current.state === 'normal') return null;
  return quiet({ ...current, suppressedBy: suppressors, heldUntil: null });
}

/** A person's muting has ended: the state follows from the condition as it is now. */
function unmuted(alarm: Alarm, now: number): Step {
  if (alarm.clearedAt === null) return told({ ...alarm, state: 'unacknowledged', stateSince: now }, 'raised', now);
  return quiet(alarm.state === 'returned-unacknowledged' ? closed(alarm, now) : alarm);
}

/** What explained it is gone: people hear of it now, unless they have before, or it needs nobody. */
function spoken(alarm: Alarm, tell: Telling, now: number): Step {
  const isNews = !alarm.isAnnounced && (alarm.state === 'unacknowledged' || alarm.state === 'latched');
  return isNews ? told(alarm, tell, now) : quiet(alarm);
}

function reAlarm(current: Alarm, now: number): Step | null {
  if (isMuted(current)) return null;
  if (current.state === 'unacknowledged') return told(current, 'reminder', now);
  if (current.state !== 'acknowledged') return null;
  return told({ ...current, state: 'unacknowledged', stateSince: now }, 'raised', now);
}

function withdraw(current: Alarm, now: number): Step {
  const clearedAt = current.clearedAt ?? now;
  const returnedAt = current.returnedAt ?? now;
  const unmutedForGood = { shelved: null, outOfService: null, heldUntil: null };
  return quiet({ ...current, ...unmutedForGood, state: 'normal', stateSince: now, clearedAt, returnedAt });
}

/** An episode of the past fills the record. It is over for people from the start: nobody is told, nobody acknowledges it. */
export function recordPast(current: Alarm | undefined, change: ConditionChange, now: number): Step | null {
  if (change.kind === 'return') {
    return current ? quiet({ ...current, returnedAt: change.at }) : null;
  }
  if (current) return null;
  const past = episode(undefined, { kind: 'raise', condition: change, suppressedBy: [], heldUntil: null }, now);
  return quiet({ ...past, state: 'normal', clearedAt: now });
}
