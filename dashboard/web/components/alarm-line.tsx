/** An alarm in a line, and lines of those that another explains. */
import type { ComponentChildren } from 'preact';
import type { AlarmWire } from '../../wire.ts';
import type { CountKey } from '../i18n/catalogue.ts';
import { tCount } from '../i18n/language.ts';
import { childrenOf } from '../live/feed.ts';
import { factsOf, titleOf } from './alarm-words.ts';
import { PrioritySign } from './icons.tsx';

/** Sign, title and facts, as in every list of alarms. */
export function AlarmLine({ alarm, children }: { alarm: AlarmWire; children?: ComponentChildren }) {
  return (
    <>
      <PrioritySign priority={alarm.priority} />
      <span class="alarm-text">
        <strong>{titleOf(alarm)}</strong>
        <span class="alarm-facts">
          {factsOf(alarm)}
          {children}
        </span>
      </span>
    </>
  );
}

interface ChildListProps {
  /** Id of an alarm or a work. */
  readonly of: string;
  /** Says how many there are. */
  readonly count: CountKey;
}

/** Alarms that another explains, at a tap. */
export function ChildList({ of, count }: ChildListProps) {
  const children = childrenOf(of);
  if (children.length === 0) return null;
  return (
    <details class="alarm-children">
      <summary>{tCount(count, children.length)}</summary>
      <ul>
        {children.map((child) => (
          <li key={child.id} class="alarm-quiet">
            <AlarmLine alarm={child} />
          </li>
        ))}
      </ul>
    </details>
  );
}
