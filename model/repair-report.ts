/** What `repair` could save of a database file, and what not (contract 1.1). */
export interface RepairReport {
  /** Path of the file that was repaired. */
  readonly file: string;
  /** Where the file as it was found lies now, untouched; null where nothing was wrong with it and nothing was done. */
  readonly keptAs: string | null;
  /** One sentence each: what was saved, with counts. */
  readonly saved: readonly string[];
  /** One sentence each: what is lost, with device, span and count where they can be told. */
  readonly lost: readonly string[];
}
