/** What a line is made of while it is open. */

/** What is open: bytes out, and how to end it. */
export interface Channel {
  write(bytes: Uint8Array): void;
  close(): void;
}

export interface ChannelListener {
  bytes(bytes: Uint8Array): void;
  /** It has ended, or broken; said once. */
  ended(reason: string): void;
}

/** Rejects with a sentence where it cannot be opened. */
export type OpenChannel = (listener: ChannelListener) => Promise<Channel>;
