/** One measured figure with its bar; `isMet` decides the exit code. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bar: string;
  readonly isMet: boolean;
}
