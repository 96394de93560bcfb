/** The body of `/api/plant` (contract 3.2), made once per change: of a large plant it has megabytes. */
import { type KeptAnswer, keepAnswer } from './kept-answer.ts';
import { toCircuitsWire, toPlantWire, type WireContext } from './to-wire.ts';
import type { PlantWire } from './wire.ts';

/** Where the sun gives no lit period, it is asked again after this long. */
const ASK_AGAIN_MS = 3_600_000;

/** The plant changes with a restart only; what changes by itself is when its circuits are lit. */
export function createPlantAnswer(context: WireContext): (nowMs: number) => KeptAnswer {
  let kept: (KeptAnswer & { readonly fromMs: number; readonly toMs: number }) | null = null;
  const still = toPlantWire(context);
  return (nowMs) => {
    if (kept && kept.fromMs <= nowMs && nowMs < kept.toMs) return kept;
    const circuits = toCircuitsWire(context, nowMs);
    const ends = circuits.map(({ lit }) => lit?.offAt ?? nowMs + ASK_AGAIN_MS);
    // A lit period is told until it ends; no clock is believed for longer than a day.
    const toMs = Math.min(nowMs + 24 * ASK_AGAIN_MS, ...ends);
    kept = { ...keepAnswer({ ...still, circuits } satisfies PlantWire), fromMs: nowMs, toMs };
    return kept;
  };
}
