/** Small formulas over named numbers, as device profiles hold them: `60 + 2 * (channel - 1)`. */
export interface Formula {
  readonly text: string;
  /** The names it needs. */
  readonly names: readonly string[];
  evaluate(values: Readonly<Record<string, number>>): number;
}

type Node = (values: Readonly<Record<string, number>>) => number;

const TOKEN = /\s*(0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|[a-z]\w*|[-+*/()])/iy;

/** Numbers, names, + - * / and brackets; null where it is none of that. */
export function parseFormula(source: number | string): Formula | null {
  if (typeof source === 'number') return { text: String(source), names: [], evaluate: () => source };
  const tokens = tokensOf(source);
  const reader = tokens && createReader(tokens);
  const node = reader?.sum();
  if (!reader || !node || !reader.isDone()) return null;
  return { text: source, names: [...new Set(reader.names)], evaluate: node };
}

function tokensOf(source: string): string[] | null {
  const tokens: string[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match?.[1]) return null;
    tokens.push(match[1]);
  }
  return tokens;
}

function createReader(tokens: readonly string[]) {
  const names: string[] = [];
  let at = 0;

  function chain(operand: () => Node | null, operators: string): Node | null {
    let left = operand();
    while (left && operators.includes(tokens[at] ?? '?')) {
      const operator = tokens[at++];
      const [a, b] = [left, operand()];
      left = b && ((values) => calculate(operator, a(values), b(values)));
    }
    return left;
  }

  function atom(): Node | null {
    const token = tokens[at++];
    if (token === undefined) return null;
    if (token === '-') {
      const node = atom();
      return node && ((values) => -node(values));
    }
    if (token === '(') {
      const node = sum();
      return tokens[at++] === ')' ? node : null;
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (!/^[a-z]/i.test(token)) return null;
    names.push(token);
    return (values) => values[token] ?? Number.NaN;
  }

  function sum(): Node | null {
    return chain(() => chain(atom, '*/'), '+-');
  }

  return { sum, names, isDone: () => at === tokens.length };
}

function calculate(operator: string | undefined, a: number, b: number): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '*' ? a * b : a / b;
}
