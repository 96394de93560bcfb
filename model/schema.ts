/** Pieces that the configuration files have in common. */
import { z } from 'zod';
import { ID_PATTERN } from './ids.ts';

export const idSchema = z.string().regex(ID_PATTERN, 'expected an id of lower-case letters, digits and dashes');

/** `device.metric` */
export const seriesRefSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}\.[a-z][a-z0-9_]*$/, 'expected device.metric');

/** A name in as many of the three languages as its writer knows. */
export const localNameSchema = z.strictObject({
  ky: z.string().optional(),
  ru: z.string().optional(),
  en: z.string().optional(),
});

export type LocalName = z.output<typeof localNameSchema>;
