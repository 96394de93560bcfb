import type { SimStatus, Simulator } from '../dashboard/ports.ts';

/** The simulated village as the rest of the house sees it. */
export interface SimulatedVillage extends Simulator {
  status(): SimStatus;
  stop(): Promise<void>;
}
export async function startVillage(..._args: unknown[]): Promise<SimulatedVillage | null> {
  return null;
}
