import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { ConfigFault } from '../../model/fault.ts';

/** A YAML file whose faults can be told with their line. */
export interface YamlFile {
  /** As people know it, relative to where they stand. */
  readonly name: string;
  /** Undefined where the file could not be read or is no YAML; `faults` then says why. */
  readonly content: unknown;
  readonly faults: readonly string[];
  /** `plant.yaml:12 devices[3].site: what is wrong` */
  describe(fault: ConfigFault): string;
}

export function readYamlFile(file: string): YamlFile {
  const name = relative(process.cwd(), file) || file;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    return { name, content: undefined, faults: [`${name}: ${why}`], describe: (fault) => `${name}: ${fault.message}` };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = document.errors.map((error) => `${name}:${lines.linePos(error.pos[0]).line} ${error.message}`);
  let content: unknown;
  try {
    if (faults.length === 0) content = document.toJS();
  } catch (error) {
    // An alias without its anchor, or too many of them, shows only here.
    faults.push(`${name}: ${(error as Error).message}`);
  }

  function lineOf(path: readonly (string | number)[]): number {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  return {
    name,
    content,
    faults,
    describe: ({ path, message }) => `${name}:${lineOf(path)} ${dotted(path)}${path.length > 0 ? ': ' : ''}${message}`,
  };
}

/** `devices[3].site` */
function dotted(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}
