/** Which word stands for a yes or no of a metric. Pure. */
import type { TextKey } from '../i18n/catalogue.ts';

const WORDS: Readonly<Record<string, readonly [yes: TextKey, no: TextKey]>> = {
  pump_running: ['running', 'stopped'],
  pump_fault: ['fault', 'noFault'],
  generator_running: ['running', 'stopped'],
  contactor_on: ['on', 'off'],
  light_command: ['on', 'off'],
  lamp_on: ['on', 'off'],
  breaker_closed: ['breakerClosed', 'breakerTripped'],
  door_open: ['open', 'closed'],
  mains_ok: ['present', 'absent'],
  uv_ok: ['working', 'notWorking'],
};

export function yesNoWord(metric: string, value: boolean): TextKey {
  const [yes, no] = WORDS[metric] ?? ['yes', 'no'];
  return value ? yes : no;
}
