/** An alarm as it stands: its episode, and beside it, never in it, what mutes it (ISA-18.2). */
import type { ConditionRaise } from './condition.ts';
import type { Priority } from './rule.ts';

/**
 * `returned-unacknowledged`: over before anybody saw it. `latched`: over, seen, and waiting for a person's reset.
 * `normal`: nothing is asked of anybody.
 */
export const ALARM_STATES = ['normal', 'unacknowledged', 'acknowledged', 'returned-unacknowledged', 'latched'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** Muted by a person until a time, or until the condition is over. */
export interface Shelf {
  readonly by: string;
  readonly reason: string;
  /** Epoch ms. */
  readonly until: number | 'one-shot';
}

/** Muted by a person without an end. */
export interface OutOfService {
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

/** What mutes an alarm. Its condition is judged and recorded all the same; only nobody is told. */
export interface Muting {
  readonly shelved: Shelf | null;
  readonly outOfService: OutOfService | null;
  /** Ids of alarms and works that explain it. */
  readonly suppressedBy: readonly string[];
  /** Epoch ms of the server: not told before, since what explains it may come meanwhile. */
  readonly heldUntil: number | null;
}

interface Episode {
  /** A later episode of the same condition has another id. */
  readonly id: string;
  readonly state: AlarmState;
  /** Device time, or for the server the time that it believes; epoch ms. */
  readonly raisedAt: number;
  readonly returnedAt: number | null;
  /** The server's time at which the condition was seen to be over; null while it holds. */
  readonly clearedAt: number | null;
  /** The server's time since when it is in its state. */
  readonly stateSince: number;
  /** How often it came again before anybody had seen it. */
  readonly repeatCount: number;
  /** People have been told of it. */
  readonly isAnnounced: boolean;
  /** The server's time at which people were last told of it as new, or reminded; null: never. */
  readonly askedAt: number | null;
  /** Alarms that it has suppressed so far. */
  readonly childCount: number;
}

type Facts = Omit<ConditionRaise, 'kind' | 'at'>;

export type Alarm = Facts & Episode & Muting;

/** Which alarms of the past and present are asked for. */
export interface AlarmQuery {
  /** In any state but `normal`. */
  readonly activeOnly: boolean;
  /** Shelved, suppressed or out of service, in whatever state. */
  readonly mutedOnly?: boolean | undefined;
  /** Raised in `[from, to)`, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** The server's own alarms concern every site. */
  readonly site?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly limit: number;
}

/** What a person may do with an alarm. */
export type AlarmAction =
  | { readonly kind: 'acknowledge' | 'reset'; readonly by: string; readonly note: string | null }
  | { readonly kind: 'shelve'; readonly by: string; readonly reason: string; readonly until: number | 'one-shot' }
  | { readonly kind: 'out-of-service'; readonly by: string; readonly reason: string }
  | { readonly kind: 'unshelve' | 'in-service'; readonly by: string };

export type AlarmEvent =
  | AlarmAction
  | {
      readonly kind: 'raise';
      readonly condition: ConditionRaise;
      readonly suppressedBy: readonly string[];
      readonly heldUntil: number | null;
    }
  | { readonly kind: 'return'; readonly at: number }
  | { readonly kind: 'suppress'; readonly suppressors: readonly string[] }
  /** `withdraw`: nothing judges the condition any more. */
  | { readonly kind: 'release' | 'hold-over' | 'shelf-over' | 're-alarm' | 'withdraw' };

/** What people are to hear. `again`: the same episode came back before anybody had seen it. */
export type Telling = 'raised' | 'again' | 'released' | 'reminder' | 'cleared' | 'cleared-unacknowledged';

export interface Announcement {
  readonly tell: Telling;
  readonly alarm: Alarm;
}

/** A fact of the journal, never changed. */
export interface JournalEntry {
  readonly alarm: string;
  readonly kind: AlarmEvent['kind'];
  /** Event time: the device's, where the device said it. */
  readonly at: number;
  /** The server's time. */
  readonly seenAt: number;
  readonly by: string | null;
  /** What the person wrote, the end of a shelf, or the ids of the suppressors. */
  readonly note: string | null;
  readonly until: number | 'one-shot' | null;
  readonly suppressors: readonly string[];
  /** After it. */
  readonly state: AlarmState;
  readonly told: Telling | null;
}

export function isMuted({ shelved, outOfService, suppressedBy, heldUntil }: Muting): boolean {
  return shelved !== null || outOfService !== null || suppressedBy.length > 0 || heldUntil !== null;
}

/** It is kept at hand: something is open, or a person has said something about its future. */
export function isStanding({ state, shelved, outOfService }: Alarm): boolean {
  return state !== 'normal' || shelved !== null || outOfService !== null;
}

/** An episode of the past whose end has not been heard of. */
export function isOpenPast({ isHistorical, returnedAt }: Alarm): boolean {
  return isHistorical && returnedAt === null;
}
