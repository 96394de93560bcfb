/** One kind of hostile client, played from outside against a running server. */
export interface Target {
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
}
export interface Attack {
  /** Such as `filters`: stands in the figures. */
  readonly name: string;
  /** Attacks until it has done its worst or `signal` is aborted; leaves nothing open behind. Returns what it did, in a few words, for the log. */
  run(target: Target, signal: AbortSignal): Promise<string>;
}
