/** What is wrong with the server's stored data. Asked for when somebody reads the alarm about it. */
import { signal } from '@preact/signals';
import type { DataFault } from '../../../model/data-fault.ts';
import { fetchDataFaults } from './api.ts';

const NONE: readonly DataFault[] = [];
const loaded = signal(NONE);

export const dataFaultsOf = (file: string): readonly DataFault[] => loaded.value.filter((fault) => fault.file === file);

/** Never rejects: without a link the alarm's own texts are all there is. */
export async function loadDataFaults(): Promise<void> {
  loaded.value = await fetchDataFaults().catch(() => loaded.peek());
}
