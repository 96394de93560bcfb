/** What a line and the units on it have to do with each other. */

/** One who asks: the bytes that came from him. */
interface Talk {
  /** Throws where he does not speak the protocol. */
  take(bytes: Uint8Array): void;
  end(): void;
}

/** Answers go out by `send`. */
export type StartTalk = (send: (bytes: Uint8Array) => void) => Talk;

/** What is listening at one end of a bus. */
export interface Listening {
  stop(): Promise<void>;
}
