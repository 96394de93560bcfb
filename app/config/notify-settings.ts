/** How messages leave the server: `notify` in the configuration (contract 1.2). Secrets stand in files of their own. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CHANNELS, type ChannelName } from '../../model/person.ts';
import type { Plant } from '../../model/plant.ts';
import { idSchema } from '../../model/schema.ts';

const text = z.string().min(1, 'expected some text');
const port = z.int().min(1).max(65_535);
const expectedUrl = 'expected http:// or https://';
const url = z.url({ protocol: /^https?$/, error: expectedUrl });
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as 08:00');
const channel = z.enum(CHANNELS, `expected one of ${CHANNELS.join(', ')}`);

export const notifyLayer = z
  .strictObject({
    email: z
      .strictObject({
        host: text,
        port: port.optional(),
        from: text,
        user: text.optional(),
        passwordFile: text.optional(),
        /** TLS from the first byte; default: on port 465. */
        secure: z.boolean().optional(),
      })
      .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
        error: 'expected both user and passwordFile, or none',
      })
      .optional(),
    telegram: z.strictObject({ tokenFile: text, apiUrl: url.optional() }).optional(),
    sms: z.strictObject({ port: text, baud: z.int().positive().optional() }).optional(),
    webhook: z.strictObject({ secretFile: text }).optional(),
    /** The order in which a person's ways are tried. */
    channels: z.array(channel).min(1).optional(),
    turns: z.array(z.strictObject({ site: idSchema, people: z.array(idSchema).min(1) })).optional(),
    morning: clock.optional(),
    heartbeat: z.strictObject({ url, everyMin: z.number().min(1).max(1440).optional() }).optional(),
  })
  .optional();

type NotifyLayer = z.output<typeof notifyLayer>;

export type NotifySettings = Omit<NonNullable<NotifyLayer>, 'channels' | 'turns' | 'morning'> & {
  readonly channels: readonly ChannelName[];
  readonly turns: readonly { readonly site: string; readonly people: readonly string[] }[];
  readonly morning: string;
};

/** What rings comes first. */
const ORDER: readonly ChannelName[] = ['telegram', 'sms', 'email', 'webhook'];

export function notifySettings(layer: NotifyLayer): NotifySettings {
  const { channels = [], turns = [], morning = '08:00', ...rest } = layer ?? {};
  return { ...rest, channels: [...new Set([...channels, ...ORDER])], turns, morning };
}

export function withAbsoluteNotify(layer: NotifyLayer, base: string): NotifyLayer {
  if (!layer) return layer;
  const { email, telegram, webhook } = layer;
  const at = (file: string): string => resolve(base, file);
  return {
    ...layer,
    ...(email?.passwordFile && { email: { ...email, passwordFile: at(email.passwordFile) } }),
    ...(telegram && { telegram: { ...telegram, tokenFile: at(telegram.tokenFile) } }),
    ...(webhook && { webhook: { secretFile: at(webhook.secretFile) } }),
  };
}

/** Whether a channel has been set up. */
export function isSetUp(notify: NotifySettings, name: ChannelName): boolean {
  return notify[name] !== undefined;
}

/** What is wrong with `notify` beside its form, in sentences. */
export function faultsOfNotify(notify: NotifySettings, plant: Plant): string[] {
  const files = [
    ['notify.email.passwordFile', notify.email?.passwordFile],
    ['notify.telegram.tokenFile', notify.telegram?.tokenFile],
    ['notify.webhook.secretFile', notify.webhook?.secretFile],
  ] as const;
  const missing = files.flatMap(([key, file]) =>
    file === undefined || existsSync(file) ? [] : [`${key}: ${file}: no such file`],
  );
  const unknown = notify.turns.flatMap(({ site }, i) => {
    return plant.sites.has(site) ? [] : [`notify.turns[${i}].site: no site "${site}" in the plant`];
  });
  return [...missing, ...unknown];
}
