/**
 * Why the clock is believed: the system says that it follows NTP; the bridge file says that the computer has a clock with a
 * battery; or there is nobody to ask, and it is only not before the release of this program.
 */
export type ClockSource = 'ntp' | 'rtc' | 'unverified';

/** Time on the bridge's computer, as an argument: tests have their own. */
export interface BridgeClock {
  /** Epoch ms: the time that readings carry. */
  now(): number;
  /** Ms since the computer was switched on: goes on evenly, whatever is done to the clock. */
  upMs(): number;
  /** The same from the switching on of the computer to its end. */
  readonly bootId: string;
  /** False until the clock has been set: a small computer has none that outlasts a power cut. */
  isSet(): boolean;
  /** Null until it has been set. */
  source(): ClockSource | null;
  /** Resolves after a time, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
