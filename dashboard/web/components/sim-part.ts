import type { SimWire } from '../../wire.ts';

/** What every part of the simulator's panel is given. */
export interface SimPartProps {
  readonly state: SimWire;
  /** Waits for what was asked of the server, and says what it refuses. */
  readonly run: (asked: Promise<unknown>) => void;
}
