/** A profile to begin with, of one metric that was found by probing. It holds before its own linter. */
import { encodeField } from '../../model/modbus-codec.ts';
import type { RegisterTable } from '../../model/register-map.ts';
import { fieldOf, type Guess, isPlainWord } from './guess.ts';

export interface StubOptions {
  readonly id: string;
  readonly kind: string;
  readonly metric: string;
  readonly table: RegisterTable;
  readonly guess: Guess;
  /** What was read there, as a golden vector. */
  readonly cells: readonly number[];
}

export function profileStub(options: StubOptions): string {
  const { id, kind, metric, table, guess } = options;
  const { address, type, order, scale } = guess;
  const parts = [
    `table: ${table}`,
    `address: ${address}`,
    `type: ${type}`,
    ...(isPlainWord(guess) ? [] : [`order: ${order}`]),
    ...(scale === 1 ? [] : [`scale: ${scale}`]),
  ];
  return `# Begun by "aimak probe". Add the other metrics, and where the addresses stand in the maker's manual.
id: ${id}
kind: ${kind}
everyS: 60
metrics:
  ${metric}: {}
modbus:
  verified: false
  source: 'aimak probe: compared with the display of the device'
  fields:
    ${metric}: {${parts.join(', ')}}
${golden(options)}`;
}

function golden({ metric, table, guess, cells }: StubOptions): string {
  const { address, value } = guess;
  if (encodeField(fieldOf(guess), value)?.join() !== cells.join())
    return '  # No golden vector: what was read has more digits than can be written back.\n';
  const hex = cells.map((cell) => `0x${cell.toString(16).toUpperCase().padStart(4, '0')}`);
  return `  golden:
    - about: what the device said while it was probed
      verified: false
      table: ${table}
      address: ${address}
      cells: [${hex.join(', ')}]
      values: {${metric}: ${value}}
`;
}
