/**
 * Texts that make a backtracking regular expression work hardest: something repeated, behind what leads to it and before what
 * the expression cannot take. Made of the characters that stand in the expression, and of one of each common class.
 */
export interface Pump {
  readonly before: string;
  readonly repeated: string;
  readonly after: string;
}

const COMMON = ['a', 'Z', '0', ' ', '_'];
const ENDINGS = ['\u0000', '\\', ''];

export function pumpsOf(source: string, leads: readonly string[] = []): Pump[] {
  const characters = charactersOf(source);
  const pairs = characters.flatMap((a) => characters.filter((b) => b !== a).map((b) => a + b));
  const befores = ['', ...leads];
  return befores.flatMap((before) =>
    [...characters, ...pairs].flatMap((repeated) => ENDINGS.map((after) => ({ before, repeated, after }))),
  );
}

/** Without what only means something: `\d` stands for a digit, which is there already. */
function charactersOf(source: string): string[] {
  const plain = source
    .replace(/\\[rn]/g, '\n')
    .replace(/\\[a-zA-Z](\{[^}]*\}|[0-9A-F]{4})?/g, '')
    .replace(/\\(.)/g, '$1');
  return [...new Set([...COMMON, ...plain.replace(/[a-zA-Z0-9(){}?*|^$]/g, '')])];
}

export function pumped({ before, repeated, after }: Pump, chars: number): string {
  return before + repeated.repeat(Math.ceil(chars / repeated.length)) + after;
}
