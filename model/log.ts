/** What a part of the house needs of a logger: facts first, then a sentence (pino's order). */
export interface Log {
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}
