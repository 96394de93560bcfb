/** What is wrong with what was stored on disk: found at the start or later, and told until a person has dealt with it (contract 3.5). */

/**
 * `lost`: a file that was there is missing or empty. `damaged`: a part of a file cannot be believed and is left out; the rest is
 * served. `set-aside`: a whole file could not be used; it lies beside, untouched, and a new one has taken its place.
 */
type DataFaultKind = 'lost' | 'damaged' | 'set-aside';

export interface DataFault {
  /** Name of the file within the data folder, such as `readings.db`. */
  readonly file: string;
  readonly kind: DataFaultKind;
  /** One English sentence or two: what is wrong, and the command or act that ends it. */
  readonly detail: string;
  /** When it was found, epoch ms. */
  readonly at: number;
  /** Of damaged readings: whose. */
  readonly device?: string;
  readonly metric?: string;
  /** Of damaged readings: the first and the last time that may be missing, epoch ms, both included. */
  readonly fromTs?: number;
  readonly toTs?: number;
}
