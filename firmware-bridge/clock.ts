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
  /** Resolves after a time, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
