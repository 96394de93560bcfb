/** A profile to begin with, of one metric that was found by probing. */
import { type RegisterTable, WORDS } from '../../model/register-map.ts';
import type { Guess } from './guess.ts';

export interface StubOptions {
  readonly id: string;
  readonly kind: string;
  readonly metric: string;
  readonly table: RegisterTable;
  readonly guess: Guess;
  /** What was read there, as a golden vector. */
  readonly cells: readonly number[];
}

export function profileStub({ id, kind, metric, table, guess, cells }: StubOptions): string {
  const { address, type, order, scale, value } = guess;
  const parts = [
    `table: ${table}`,
    `address: ${address}`,
    `type: ${type}`,
    ...(WORDS[type] > 1 ? [`order: ${order}`] : []),
    ...(scale === 1 ? [] : [`scale: ${scale}`]),
  ];
  const hex = cells.map((cell) => `0x${cell.toString(16).toUpperCase().padStart(4, '0')}`);
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
  golden:
    - about: what the device said while it was probed
      verified: false
      table: ${table}
      address: ${address}
      cells: [${hex.join(', ')}]
      values: {${metric}: ${value}}
`;
}
