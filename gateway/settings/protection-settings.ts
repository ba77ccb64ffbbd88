import { z } from 'zod';

const whole = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`;
  return z.number({ error }).int(error).min(min, error).max(max, error);
};

/** The limits of one operation, in the place of those of the environment. */
export const limits = z.strictObject({
  body_bytes: whole(1_024, 67_108_864).optional(),
  tokens: whole(100, 1_000_000).optional(),
  depth: whole(1, 1_000).optional(),
  value_depth: whole(1, 256).optional(),
  aliases: whole(0, 100_000).optional(),
  root_fields: whole(1, 100_000).optional(),
  directives: whole(0, 100_000).optional(),
  variables: whole(1, 100_000).optional(),
  cost: whole(1, 1_000_000_000).optional(),
});

/** Operations a minute; 0 sets no limit. */
export const rateLimits = z.strictObject({
  user: whole(0, 100_000_000).optional(),
  address: whole(0, 100_000_000).optional(),
});

const ORIGIN = 'an origin, such as https://shop.example.org, `*`, or `{matching: <regular expression>}`';

const origin = z.string({ error: ORIGIN }).transform((text, context) => {
  if (text === '*') return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.origin === text.replace(/\/$/, '')) return url.origin;
  context.addIssue({ code: 'custom', message: ORIGIN });
  return z.NEVER;
});
/** Of the whole origin: a pattern without anchors would let `https://shop.example.org.evil.net` in. */
const pattern = z.strictObject({
  matching: z.string({ error: ORIGIN }).transform((text, context) => {
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      context.addIssue({ code: 'custom', message: ORIGIN });
      return z.NEVER;
    }
  }),
});

/** The web origins whose pages may call the gateway, in the place of CORS_ORIGINS. */
export const cors = z
  .strictObject({
    origins: z.array(z.union([origin, pattern], { error: ORIGIN }), { error: 'a list of origins' }),
    /** Whether pages may send cookies along. */
    credentials: z.boolean({ error: 'true or false' }).optional(),
    /** Headers of answers that pages may read, beside those of the gateway. */
    expose_headers: z
      .array(z.string().regex(/^[\w-]+$/, 'the name of a header'), { error: 'a list of headers' })
      .optional(),
    max_age_s: whole(0, 86_400).optional(),
  })
  .refine(({ origins, credentials }) => credentials !== true || !origins.includes('*'), {
    path: ['credentials'],
    error: 'true only where the origins are listed, not with `*`',
  });

export type Cors = z.infer<typeof cors>;
