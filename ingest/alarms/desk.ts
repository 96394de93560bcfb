/** The alarm desk: changes of condition and acts of people become alarms, saved first where they can be, then told. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Alarm, AlarmAction, AlarmEvent, Announcement } from '../../model/alarm.ts';
import { recordPast, transition } from '../../model/alarm-lifecycle.ts';
import type { ConditionChange, ConditionRaise } from '../../model/condition.ts';
import type { Log } from '../../model/log.ts';
import type { Plant } from '../../model/plant.ts';
import type { Rule } from '../../model/rule.ts';
import type { NewWork, Work } from '../../model/work.ts';
import { createDeskReads, type DeskReads } from './desk-reads.ts';
import { dueEvents } from './due.ts';
import { entryOf, pastEntryOf } from './entry.ts';
import type { AlarmJournal } from './journal.ts';
import { createNews } from './news.ts';
import { createStandings } from './standings.ts';
import { isParent } from './subject.ts';
import { heldUntil, type Surroundings, suppressorsOf } from './suppress.ts';
import { createTopology, type Topology } from './topology.ts';
import { createUnsaved, type UnsavedCounts } from './unsaved.ts';
import { createWorks } from './works.ts';

type ActOutcome =
  | { readonly ok: true; readonly alarm: Alarm }
  /** `unknown`: no such alarm. `no-change`: its state has nothing to do with the act. */
  | { readonly ok: false; readonly reason: 'unknown' | 'no-change'; readonly alarm: Alarm | null };

export interface AlarmDesk extends DeskReads {
  apply(change: ConditionChange): void;
  /** Those of one commit: they are saved and told together. */
  applyAll(changes: readonly ConditionChange[]): void;
  /** Ends what nothing judges any more. */
  withdraw(...conditionKeys: readonly string[]): void;
  act(id: string, action: AlarmAction): ActOutcome;
  /** To be called once a second: what is due by time. */
  tick(): void;
  onChange(listener: (alarm: Alarm) => void): () => void;
  /** What people are to hear; what came together is told together. */
  onAnnounce(listener: (announcements: readonly Announcement[]) => void): () => void;
  works(endingAfter: number): readonly Work[];
  addWork(work: NewWork): Work;
  cancelWork(id: string, by: string): Work | null;
  readonly topology: Topology;
  /** Tries again what the journal could not take. */
  saveUnsaved(): void;
  /** Whether all that was done so far is on the disk, at the latest by then. */
  onDisk(withinMs: number): Promise<boolean>;
  health(): UnsavedCounts;
}

export interface DeskDependencies {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly log: Log;
  /** Epoch ms of the server. */
  readonly now: () => number;
}

export function createAlarmDesk(
  journal: AlarmJournal,
  { plant, rules, log, ...dependencies }: DeskDependencies,
): AlarmDesk {
  // The journal's times are whole: a fraction would keep an alarm out of it, and all that are saved with it.
  const now = (): number => Math.round(dependencies.now());
  const topology = createTopology(plant);
  const standings = createStandings(journal, now());
  const works = createWorks(journal, now);
  const unsaved = createUnsaved(journal, log);
  const news = createNews(unsaved);
  const reads = createDeskReads(journal, standings, unsaved);
  const reAlarmH = new Map(rules.flatMap(({ id, reAlarmH: h }) => (h === undefined ? [] : [[id, h]])));

  const surroundings = (): Surroundings => {
    return { topology, parents: standings.parents(), works: works.current(), now: now() };
  };

  function put(current: Alarm | undefined, event: AlarmEvent): Alarm | null {
    const step = transition(current, event, now());
    if (!step) return null;
    standings.put(step.alarm);
    news.add(step.alarm, entryOf(event, step, now()), step.tell);
    const before = current?.id === step.alarm.id ? current.suppressedBy : [];
    for (const id of step.alarm.suppressedBy) if (!before.includes(id)) countChild(id);
    return step.alarm;
  }

  function countChild(parentId: string): void {
    const parent = standings.byId(parentId);
    if (!parent) return;
    const counted = { ...parent, childCount: parent.childCount + 1 };
    standings.put(counted);
    news.add(counted, null, null);
  }

  function raise(condition: ConditionRaise, around: Surroundings): void {
    const suppressedBy = suppressorsOf(condition, around);
    const held = suppressedBy.length > 0 ? null : heldUntil(condition, around);
    put(standings.get(condition.key), { kind: 'raise', condition, suppressedBy, heldUntil: held });
  }

  function recordHistory(change: ConditionChange): void {
    const step = recordPast(standings.past(change.key), change, now());
    const isKnown = step !== null && change.kind === 'raise' && reads.get(step.alarm.id) !== undefined;
    if (!step || isKnown) return;
    standings.put(step.alarm);
    news.add(step.alarm, pastEntryOf(change, step, now()), null);
  }

  function take(changes: readonly ConditionChange[]): void {
    const around = surroundings();
    for (const change of changes.map(atWholeTime)) {
      if (change.isHistorical) recordHistory(change);
      else if (change.kind === 'raise') raise(change, around);
      else put(standings.get(change.key), { kind: 'return', at: change.at });
    }
  }

  /** What explains others has come, gone or settled. */
  function suppress(): void {
    const around = surroundings();
    for (const { key } of standings.all()) {
      const alarm = standings.get(key);
      const suppressors = alarm ? suppressorsOf(alarm, around) : [];
      if (suppressors.length > 0) put(alarm, { kind: 'suppress', suppressors });
      else if (alarm && alarm.suppressedBy.length > 0) put(alarm, { kind: 'release' });
    }
  }

  function explains(change: ConditionChange): boolean {
    const subject = change.kind === 'raise' ? change : standings.get(change.key);
    return subject !== undefined && isParent(subject);
  }

  /** What explains others goes before them, so that they are not told first. */
  function applyAll(changes: readonly ConditionChange[]): void {
    news.batch(() => {
      const [first, rest] = [changes.filter(explains), changes.filter((change) => !explains(change))];
      take(first);
      if (first.length > 0) suppress();
      take(rest);
    });
  }

  function act(id: string, action: AlarmAction): ActOutcome {
    const current = standings.byId(id);
    const alarm = current && standings.get(current.key)?.id === id ? put(current, action) : null;
    if (alarm) return { ok: true, alarm };
    const known = reads.get(id);
    return { ok: false, reason: known ? 'no-change' : 'unknown', alarm: known ?? null };
  }

  function tick(): void {
    standings.forget(now());
    suppress();
    for (const alarm of standings.all()) {
      for (const event of dueEvents(alarm, now(), reAlarmH)) put(standings.get(alarm.key), event);
    }
  }

  /** Changes the book of works, and what they explain. */
  function book<T>(change: () => T): T {
    return news.batch(() => {
      const result = change();
      suppress();
      return result;
    });
  }

  return {
    ...reads,
    topology,
    apply: (change) => applyAll([change]),
    applyAll,
    withdraw: (...conditionKeys) =>
      news.batch(() => {
        for (const key of conditionKeys) put(standings.get(key), { kind: 'withdraw' });
      }),
    act: (id, action) => news.batch(() => act(id, action)),
    tick: () => news.batch(tick),
    onChange: news.onChange,
    onAnnounce: news.onAnnounce,
    works: works.list,
    addWork: (work) => book(() => works.add(work)),
    cancelWork: (id, by) => book(() => works.cancel(id, by)),
    saveUnsaved: unsaved.save,
    async onDisk(withinMs) {
      if (unsaved.counts().unsaved > 0) return false;
      const synced = journal.synced().then(() => true);
      return await Promise.race([synced, delay(withinMs, false, { ref: false })]);
    },
    health: unsaved.counts,
  };
}

const atWholeTime = (change: ConditionChange): ConditionChange =>
  Number.isInteger(change.at) ? change : { ...change, at: Math.round(change.at) };
