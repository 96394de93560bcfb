/** The command that saves what can be read of a file of the data folder, as a sentence to a person names it (contract 1.1). */
import { basename, dirname } from 'node:path';
import { shellWord } from '../model/shell-word.ts';

export function repairCommand(file: string): string {
  return `npm start -- repair ${basename(file)} --data-dir ${shellWord(dirname(file))}`;
}
