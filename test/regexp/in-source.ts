/** All regular expressions of the product, found by its syntax. */
import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { ROOT } from '../harness/process.ts';

export interface FoundRegExp {
  /** `/source/flags`, or the call that makes it. */
  readonly text: string;
  readonly file: string;
  readonly isMade: boolean;
}

const FOLDERS = 'app,broker,dashboard,device-sim,firmware-bridge,ingest,link,model';

export function regExpsInSource(): readonly FoundRegExp[] {
  const files = globSync(`{${FOLDERS}}/**/*.{ts,tsx,js}`, { cwd: ROOT, exclude: ['**/dist/**'] });
  return files.sort().flatMap((file) => regExpsIn(file, readFileSync(`${ROOT}/${file}`, 'utf8')));
}

export function regExpsIn(file: string, source: string): FoundRegExp[] {
  const found: FoundRegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push({ text: node.text, file, isMade: false });
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText(tree) === 'RegExp') {
      found.push({ text: node.getText(tree), file, isMade: true });
    }
    ts.forEachChild(node, visit);
  };
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  visit(tree);
  return found;
}

export function toRegExp(literal: string): RegExp {
  const end = literal.lastIndexOf('/');
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}
