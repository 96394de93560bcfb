/** What one batch changes: saved first, where it can be, then told. */
import type { Alarm, Announcement, JournalEntry, Telling } from '../../model/alarm.ts';
import type { Unsaved } from './unsaved.ts';

export interface News {
  add(alarm: Alarm, entry: JournalEntry | null, tell: Telling | null): void;
  /** Runs, saves what came of it, and tells it then. */
  batch<T>(run: () => T): T;
  onChange(listener: (alarm: Alarm) => void): () => void;
  onAnnounce(listener: (announcements: readonly Announcement[]) => void): () => void;
}

export function createNews(unsaved: Pick<Unsaved, 'add' | 'save'>): News {
  const listeners = new Set<(alarm: Alarm) => void>();
  const announceListeners = new Set<(announcements: readonly Announcement[]) => void>();
  /** By id: of an alarm that changes twice the last. */
  const changed = new Map<string, Alarm>();
  const told: Announcement[] = [];

  return {
    add(alarm, entry, tell) {
      unsaved.add(alarm, entry);
      changed.set(alarm.id, alarm);
      if (tell !== null) told.push({ tell, alarm });
    },
    batch(run) {
      const result = run();
      unsaved.save();
      // Whoever listens may begin another batch.
      const alarms = [...changed.values()];
      const announcements = told.splice(0);
      changed.clear();
      for (const alarm of alarms) for (const listener of listeners) listener(alarm);
      if (announcements.length > 0) for (const listener of announceListeners) listener(announcements);
      return result;
    },
    onChange: (listener) => subscribe(listeners, listener),
    onAnnounce: (listener) => subscribe(announceListeners, listener),
  };
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
