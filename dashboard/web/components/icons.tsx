/** The page's few signs. Each differs by shape, so that none needs its colour. */
import type { Priority } from '../../../model/rule.ts';
import type { LinkState } from '../live/link-state.ts';

const PRIORITY_SHAPES: Readonly<
  Record<Priority, { readonly path: string; readonly number: string; readonly y: number }>
> = {
  critical: { path: 'M2 2h20v20H2z', number: '1', y: 17.5 },
  high: { path: 'M12 1l11.5 21.5H.5z', number: '2', y: 19.5 },
  medium: { path: 'M12 .5L23.5 12 12 23.5.5 12z', number: '3', y: 17 },
  low: { path: 'M12 1a11 11 0 1 0 0 22 11 11 0 1 0 0-22z', number: '4', y: 17 },
};

/** The word for it stands beside. */
export function PrioritySign({ priority }: { priority: Priority }) {
  const { path, number, y } = PRIORITY_SHAPES[priority];
  return (
    <svg class={`priority priority-${priority}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
      <text x="12" y={y} text-anchor="middle">
        {number}
      </text>
    </svg>
  );
}

export function LinkSign({ state }: { state: LinkState }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" class="sign-outline" />
      {state === 'live' && <circle cx="8" cy="8" r="3.5" class="sign-fill" />}
      {state === 'weak' && <path d="M8 4.5a3.5 3.5 0 0 1 0 7z" class="sign-fill" />}
      {state === 'blind' && <path d="M3.8 12.2l8.4-8.4" class="sign-outline" />}
    </svg>
  );
}

export function ClockSign({ label }: { label: string }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" role="img" aria-label={label}>
      <circle cx="8" cy="8" r="6" class="sign-outline" />
      <path d="M8 4.5V8l2.5 1.8" class="sign-outline" />
    </svg>
  );
}

export function FoldSign({ isOpen }: { isOpen: boolean }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d={isOpen ? 'M3 10.5l5-5 5 5' : 'M3 5.5l5 5 5-5'} class="sign-outline" />
    </svg>
  );
}

/** Filled, hollow or dashed: yes, no, not known. */
export function StateSign({ value }: { value: boolean | null }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="5.5" class={`state-sign state-${value === null ? 'unknown' : value ? 'yes' : 'no'}`} />
    </svg>
  );
}

const ARROWS = {
  rising: 'M3.5 12.5l9-9M6 3.5h6.5V10',
  falling: 'M3.5 3.5l9 9M6 12.5h6.5V6',
  steady: 'M2 8h12M9.5 3.5L14 8l-4.5 4.5',
};

export function DirectionSign({ way }: { way: keyof typeof ARROWS }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ARROWS[way]} class="sign-outline" />
    </svg>
  );
}

export function ThemeSign({ isDark }: { isDark: boolean }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="5.5" class="sign-outline" />
      <path d={isDark ? 'M8 2.5a5.5 5.5 0 0 1 0 11z' : 'M8 2.5a5.5 5.5 0 0 0 0 11z'} class="sign-fill" />
    </svg>
  );
}
