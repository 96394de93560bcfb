/** Pieces that the configuration files have in common. */
import { z } from 'zod';
import { ID_PATTERN } from './ids.ts';

export const idSchema = z.string().regex(ID_PATTERN, 'expected an id of lower-case letters, digits and dashes');

/** Of devices that measure the same: the measurement that their readings belong to. */
export const kindSchema = z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected snake_case');

/** `device.metric` */
export const seriesRefSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}\.[a-z][a-z0-9_]*$/, 'expected device.metric');

/** A name in as many of the three languages as its writer knows. */
export const localNameSchema = z.strictObject({
  ky: z.string().optional(),
  ru: z.string().optional(),
  en: z.string().optional(),
});

export type LocalName = z.output<typeof localNameSchema>;
