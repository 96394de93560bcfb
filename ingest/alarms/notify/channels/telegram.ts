/** A Telegram bot: messages, and a button by which who got one acknowledges the alarm. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../../../model/log.ts';
import { failed, type NotificationChannel, SENT } from './channel.ts';
import { isTemporary, postJson } from './http-call.ts';

export interface TelegramOptions {
  readonly token: string;
  /** Of the bot API; another one for tests, or a server of one's own. */
  readonly apiUrl?: string;
  readonly timeoutMs?: number;
  /** How long the service keeps a question for news open. */
  readonly pollS?: number;
  /** How long to leave it alone after a failure. */
  readonly retryMs?: number;
}

export interface TelegramDependencies {
  readonly log: Log;
  /**
   * Someone has pressed the button: from which chat, for which alarm. Says what they are told; it decides whether they may.
   * Null: nobody listens here, since only one process may.
   */
  readonly acknowledge: ((chat: string, alarm: string) => Promise<string>) | null;
}

const API_URL = 'https://api.telegram.org';
const TIMEOUT_MS = 10_000;
const POLL_S = 50;
const RETRY_MS = 5_000;
/** The service takes no more than 64 bytes with a button, and 4,096 characters in a message. */
const PREFIX = 'ack:';
const MAX_TEXT = 4_000;

interface Update {
  readonly update_id: number;
  readonly callback_query?: {
    readonly id: string;
    readonly data?: string;
    readonly message?: Chat;
  };
  readonly message?: Chat;
}

interface Chat {
  readonly chat?: { readonly id?: number };
  readonly text?: string;
}

interface ApiAnswer {
  readonly status: number;
  readonly result: unknown;
  readonly description: string;
  readonly retryAfterMs: number | null;
}

/** Addresses are chat ids. Asks for pressed buttons until it is stopped, where somebody wants to know. */
export function openTelegram(
  options: TelegramOptions,
  { log, acknowledge }: TelegramDependencies,
): NotificationChannel {
  const { token, apiUrl = API_URL, timeoutMs = TIMEOUT_MS, pollS = POLL_S, retryMs = RETRY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function call(method: string, params: object, withinMs = timeoutMs): Promise<ApiAnswer> {
    const url = `${apiUrl}/bot${token}/${method}`;
    const { status, text } = await postJson({ url, body: JSON.stringify(params), timeoutMs: withinMs, signal });
    const { ok, result, description = '', parameters = {} } = parse(text);
    const retryAfterS = parameters.retry_after;
    return {
      status: ok === true ? 200 : Math.max(status, 400),
      result,
      description: `${status} ${description}`.trim(),
      retryAfterMs: typeof retryAfterS === 'number' ? retryAfterS * 1000 : null,
    };
  }

  async function answer({ id, data = '', message }: NonNullable<Update['callback_query']>): Promise<void> {
    const chat = String(message?.chat?.id ?? '');
    const text = acknowledge && data.startsWith(PREFIX) ? await acknowledge(chat, data.slice(PREFIX.length)) : '?';
    await call('answerCallbackQuery', { callback_query_id: id, text });
  }

  /** Whoever begins with the bot learns the number by which the chat is linked to a person. */
  async function introduce({ chat, text = '' }: Chat): Promise<void> {
    if (chat?.id !== undefined && text.startsWith('/start'))
      await call('sendMessage', { chat_id: chat.id, text: `Telegram: ${chat.id}` });
  }

  /** Answers what has been pressed since. Asking with the next number confirms it: after a crash it comes once more, which changes nothing. */
  async function poll(offset: number): Promise<number> {
    const question = { offset, timeout: pollS, allowed_updates: ['callback_query', 'message'] };
    const { status, result, description } = await call('getUpdates', question, (pollS + 10) * 1000);
    if (status !== 200) throw new Error(description);
    let next = offset;
    for (const { update_id: id, callback_query: pressed, message: written } of updatesIn(result)) {
      if (pressed) await answer(pressed);
      if (written) await introduce(written);
      next = id + 1;
    }
    return next;
  }

  async function listen(): Promise<void> {
    let offset = 0;
    let isTold = false;
    while (!signal.aborted) {
      try {
        offset = await poll(offset);
        isTold = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!isTold) log.warn({ reason: (error as Error).message }, 'Telegram: buttons cannot be heard, trying again');
        isTold = true;
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  const listening = acknowledge ? listen() : Promise.resolve();
  return {
    async send(to, { subject, text, acknowledge: button }) {
      const buttons = button ? [[{ text: button.label, callback_data: `${PREFIX}${button.alarm}` }]] : [];
      const message = { chat_id: to, text: `${subject}\n\n${text}`.slice(0, MAX_TEXT) };
      try {
        const markup = buttons.length > 0 ? { reply_markup: { inline_keyboard: buttons } } : {};
        const { status, description, retryAfterMs } = await call('sendMessage', { ...message, ...markup });
        return status === 200 ? SENT : failed(description, isTemporary(status), retryAfterMs);
      } catch (error) {
        return failed((error as Error).message);
      }
    },
    async stop() {
      stopping.abort();
      await listening;
    },
  };
}

interface RawAnswer {
  readonly ok?: unknown;
  readonly result?: unknown;
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: unknown };
}

/** A proxy's error page is no JSON. */
function parse(text: string): RawAnswer {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return { description: 'no answer of a bot API' };
  }
}

function updatesIn(result: unknown): readonly Update[] {
  return Array.isArray(result) ? result.filter((update) => Number.isSafeInteger(update?.update_id)) : [];
}
