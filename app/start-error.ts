/** A fault of the configuration, all of them at once: exit 2. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** Something outside that keeps us from starting, as a sentence: exit 1. */
export class StartError extends Error {}
