/**
 * When each boot of the computer began, by a clock that was set in it: by that the readings are dated which were taken
 * before it was set. Found once a boot and kept, so that a reading has one time however often it is sent (contract 2.5).
 */
import type { Outbox } from '../../link/outbox.ts';
import type { BridgeClock } from '../clock.ts';
import type { EntryTime } from './entry.ts';

export interface Datings {
  /** Must have resolved before entries are dated: reads what was kept, and keeps that of this boot once the clock is set. */
  update(): Promise<void>;
  /** Epoch ms. Never made up: `wait` for the clock to be set, or `never` where that boot is over and its clock was not. */
  dateOf(time: EntryTime): number | 'wait' | 'never';
  /** How long ago that was, in ms; null where nobody can tell. */
  ageOf(time: EntryTime): number | null;
}

const NOTE = 'datings';
/** Five power cuts a day for three months. */
const MOST_BOOTS = 500;

export function createDatings(outbox: Pick<Outbox, 'note' | 'keepNote'>, clock: BridgeClock): Datings {
  /** Epoch ms of the beginning, by boot. */
  let beganAt: ReadonlyMap<string, number> | null = null;
  let updating: Promise<void> | null = null;

  async function update(): Promise<void> {
    const text = beganAt ? null : await outbox.note(NOTE);
    const known = beganAt ?? new Map<string, number>(text === null ? [] : JSON.parse(text));
    beganAt = known;
    if (known.has(clock.bootId) || !clock.isSet()) return;
    const boots = [...known, [clock.bootId, clock.now() - clock.upMs()] as const].slice(-MOST_BOOTS);
    await outbox.keepNote(NOTE, JSON.stringify(boots));
    beganAt = new Map(boots);
  }

  function dateOf(time: EntryTime): number | 'wait' | 'never' {
    if (typeof time === 'number') return time;
    const beganAtMs = beganAt?.get(time.bootId);
    if (beganAtMs !== undefined) return Math.round(beganAtMs + time.upMs);
    return beganAt && time.bootId !== clock.bootId ? 'never' : 'wait';
  }

  return {
    dateOf,
    update() {
      updating ??= update().finally(() => {
        updating = null;
      });
      return updating;
    },
    ageOf(time) {
      if (typeof time === 'object' && time.bootId === clock.bootId) return clock.upMs() - time.upMs;
      const date = dateOf(time);
      return typeof date === 'number' && clock.isSet() ? clock.now() - date : null;
    },
  };
}
