import { z } from 'zod';

/** RFC 9110, `token`. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible characters, blanks and tabs: what a field value may hold. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that belong to one connection, or that the gateway writes itself. */
const RESERVED = new Set([
  ...['connection', 'keep-alive', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'expect', 'host', 'content-length', 'content-type', 'content-encoding', 'accept', 'accept-encoding'],
  ...['x-request-id', 'traceparent'],
]);
/** What says to our own subgraphs who asks; no client and no file can assert it. */
const OWN = /^(x-sextant-|sec-websocket-)/;

/** Returns whether no rule may name a header: it belongs to the connection, or the gateway writes it. */
export const isReserved = (name: string): boolean => RESERVED.has(name) || OWN.test(name);

const headerName = z
  .string({ error: 'the name of a header' })
  .regex(NAME, 'the name of a header')
  .transform((name) => name.toLowerCase())
  .refine((name) => !isReserved(name), { error: 'a header that the gateway does not write itself' });

const pattern = z.strictObject({
  matching: z.string({ error: 'a regular expression' }).transform((text, context) => {
    try {
      return new RegExp(text, 'i');
    } catch {
      context.addIssue({ code: 'custom', message: 'a regular expression' });
      return z.NEVER;
    }
  }),
});

const selector = z.union([headerName, pattern], {
  error: 'the name of a header, or `{matching: <regular expression>}`',
});
const value = z.string({ error: 'a text' }).regex(VALUE, 'a text in one line');
/** A way into the claims of a token: `sub`, `realm_access.roles`. */
export const claimPath = z
  .string({ error: 'the path of a claim, such as realm_access.roles' })
  .regex(/^[^.]+(\.[^.]+)*$/, {
    error: 'the path of a claim, such as realm_access.roles',
  });

const propagate = z
  .strictObject({ propagate: selector, rename: headerName.optional(), default: value.optional() })
  .refine((rule) => typeof rule.propagate === 'string' || (rule.rename === undefined && rule.default === undefined), {
    error: 'without `rename` and `default`, which are for one name',
  });
const insert = z
  .strictObject({ insert: headerName, value: value.optional(), claim: claimPath.optional() })
  .refine((rule) => (rule.value === undefined) !== (rule.claim === undefined), {
    error: 'with either `value` or `claim`',
  });
const remove = z.strictObject({ remove: selector });

/** One of the rules by which headers go from clients to subgraphs. They are followed in their order. */
export const requestRule = z.union([propagate, insert, remove], { error: 'a rule: `propagate`, `insert` or `remove`' });
export type RequestRule = z.infer<typeof requestRule>;

/** One of the rules by which headers of subgraphs' answers go to clients. */
export const responseRule = z.strictObject(
  {
    propagate: z.union([
      z
        .string()
        .regex(NAME)
        .transform((name) => name.toLowerCase()),
      pattern,
    ]),
  },
  { error: 'a rule: `propagate: <name>` or `propagate: {matching: <regular expression>}`' },
);
export type ResponseRule = z.infer<typeof responseRule>;
export type HeaderSelector = z.infer<typeof selector>;
