/** Where a pump draws from. */
import { NODE_TYPE } from './epanet.ts';
import type { NetworkFile } from './network-file.ts';

/** The reservoir that feeds this pump alone, along a pipe without branches; null where there is none. */
export function wellOf(file: NetworkFile, pump: string): string | null {
  const links = [...file.links.values()];
  let before = file.links.get(pump);
  let node = before?.from ?? '';
  for (let steps = 0; steps < links.length; steps++) {
    const type = file.nodes.get(node)?.type;
    if (type === NODE_TYPE.reservoir) return node;
    const others = links.filter((link) => link !== before && (link.from === node || link.to === node));
    const [next] = others;
    if (type !== NODE_TYPE.junction || next === undefined || others.length > 1) return null;
    node = next.from === node ? next.to : next.from;
    before = next;
  }
  return null;
}
