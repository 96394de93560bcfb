/** Which alarms are at hand. Pure. */
import type { AlarmWire } from '../../wire.ts';

/** Muted by a person: shelved or out of service. It lasts beyond the episode. */
export const isSetAside = ({ shelved, outOfService }: AlarmWire): boolean => shelved !== null || outOfService !== null;

/** Explained by another, or may yet be. */
export const isExplained = ({ suppressedBy, heldUntil }: AlarmWire): boolean =>
  suppressedBy.length > 0 || heldUntil !== null;

const isStanding = (alarm: AlarmWire): boolean => alarm.state !== 'normal' || isSetAside(alarm);

/** An episode's id is that of its condition and a time: a later one takes the place of what stood of it. */
const conditionOf = ({ id }: AlarmWire): string => id.slice(0, id.lastIndexOf('.'));

export function withAlarm(alarms: readonly AlarmWire[], alarm: AlarmWire): readonly AlarmWire[] {
  const others = alarms.filter((each) => conditionOf(each) !== conditionOf(alarm));
  return isStanding(alarm) ? [...others, alarm] : others;
}

/** By the id of what explains them. */
export function childrenByParent(alarms: readonly AlarmWire[]): ReadonlyMap<string, readonly AlarmWire[]> {
  const children = new Map<string, AlarmWire[]>();
  for (const alarm of alarms) {
    for (const parent of alarm.suppressedBy) {
      const known = children.get(parent);
      if (known) known.push(alarm);
      else children.set(parent, [alarm]);
    }
  }
  return children;
}
