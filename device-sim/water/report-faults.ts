/** What EPANET's report says is wrong with a network file, in sentences with lines. */

const ERRORS_TOLD = 5;
/** These only say that there are others. */
const OTHERS = [/^Error 200: [^[]*$/, /^Error 110: /, /^Error 233: network has unconnected nodes/];
/** Of the network as a whole it quotes no line, but the element. */
const ELEMENT = /(?:node with ID:|(tank) node|(pump)|(curve)) (\S+)$/;
const NODES = ['JUNCTIONS', 'RESERVOIRS', 'TANKS'];

/** Undefined where it says no more than its code. */
export function explain(report: string, inp: string): string | undefined {
  const lines = report.split('\n').map((line) => line.trim());
  const found = lines.flatMap((line, i) => {
    const message = /^Error (\d+): (.+?):?$/.exec(line);
    return message ? [{ line, what: sentenceOf(`${message[2]}`), quoted: lines[i + 1] ?? '' }] : [];
  });
  const telling = found.filter(({ line }) => !OTHERS.some((other) => other.test(line)));
  if (telling.length === 0) return found.at(-1)?.what;
  const more = telling.length - ERRORS_TOLD;
  const told = telling.slice(0, ERRORS_TOLD).map(({ what, quoted }) => {
    const at = quotedLine(inp, quoted) ?? definedLine(inp, what);
    return at === null ? what : `line ${at}: ${what}`;
  });
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Of a rule EPANET says no more than that. */
function sentenceOf(message: string): string {
  return message.replace('one or more errors in input file', 'syntax error').replace(/ +/g, ' ');
}

/** Of the line that EPANET quotes, from 1. */
function quotedLine(inp: string, quoted: string): number | null {
  if (quoted === '') return null;
  const at = inp.split('\n').findIndex((line) => line.trim().startsWith(quoted));
  return at < 0 ? null : at + 1;
}

/** Where the element that is named stands first in its section, from 1. */
function definedLine(inp: string, what: string): number | null {
  const [, tank, pump, curve, id] = ELEMENT.exec(what) ?? [];
  if (id === undefined) return null;
  const sections = tank ? ['TANKS'] : pump ? ['PUMPS'] : curve ? ['CURVES'] : NODES;
  let section = '';
  const at = inp.split('\n').findIndex((line) => {
    section = /^\s*\[(\w+)/.exec(line)?.[1]?.toUpperCase() ?? section;
    return sections.includes(section) && line.trim().split(/\s+/)[0] === id;
  });
  return at < 0 ? null : at + 1;
}
