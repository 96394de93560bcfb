/** Planned works, and excuses for a flow: who does what, where and how long. Alarms that it explains tell nobody. */

/** `work`: anything on an asset, a circuit or a site. The others explain a flow only. */
export const EXCUSES = ['flushing', 'hydrant-open', 'tanker-filling'] as const;
type Excuse = (typeof EXCUSES)[number];
type WorkKind = 'work' | Excuse;

/** One of them is not null. */
export interface WorkScope {
  readonly site: string | null;
  readonly asset: string | null;
  readonly circuit: string | null;
  readonly zone: string | null;
}

export interface Work {
  /** Begins with `work-`: no alarm's id does. */
  readonly id: string;
  readonly kind: WorkKind;
  readonly scope: WorkScope;
  /** `[from, to)`, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly by: string;
  /** When it was written down, and when and by whom it was called off. */
  readonly at: number;
  readonly cancelled: { readonly by: string; readonly at: number } | null;
}

export type NewWork = Omit<Work, 'id' | 'at' | 'cancelled'>;

/** Longer than any flushing or filling; an excuse that is forgotten must not hide a burst overnight. */
export const MAX_EXCUSE_MS = 4 * 3_600_000;
export const MAX_WORK_MS = 90 * 86_400_000;
