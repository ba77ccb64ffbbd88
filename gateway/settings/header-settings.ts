import { z } from 'zod';
import { HEADER_NAME, HEADER_VALUE } from '#platform/net/http/header-field.ts';
import { isNeverShown, isReserved } from './header-names.ts';

const anyName = z
  .string({ error: 'the name of a header' })
  .regex(HEADER_NAME, 'the name of a header')
  .transform((name) => name.toLowerCase());
const headerName = anyName.refine((name) => !isReserved(name), {
  error: 'a header that the gateway does not write itself',
});
const shownName = anyName.refine((name) => !isNeverShown(name), {
  error: 'a header that is not about the connection, one server, or what browsers may do',
});

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
const value = z.string({ error: 'a text' }).regex(HEADER_VALUE, 'a text in one line');
/** A way into the claims of a token: `sub`, `realm_access.roles`. */
export const claimPath = z
  .string({ error: 'the path of a claim, such as realm_access.roles' })
  .regex(/^[^.]+(\.[^.]+)*$/, {
    error: 'the path of a claim, such as realm_access.roles',
  });

const isOfOneName = (rule: { propagate: unknown; rename?: unknown; default?: unknown }): boolean =>
  typeof rule.propagate === 'string' || (rule.rename === undefined && rule.default === undefined);
const OF_ONE_NAME = { error: 'without `rename` and `default`, which are for one name' };

const propagate = z
  .strictObject({ propagate: selector, rename: headerName.optional(), default: value.optional() })
  .refine(isOfOneName, OF_ONE_NAME);
const insert = z
  .strictObject({ insert: headerName, value: value.optional(), claim: claimPath.optional() })
  .refine((rule) => (rule.value === undefined) !== (rule.claim === undefined), {
    error: 'with either `value` or `claim`',
  });
const remove = z.strictObject({ remove: selector });

/** One of the rules by which headers go from clients to subgraphs. They are followed in their order. */
export const requestRule = z.union([propagate, insert, remove], { error: 'a rule: `propagate`, `insert` or `remove`' });
export type RequestRule = z.infer<typeof requestRule>;

const shown = z.union([shownName, pattern], {
  error: 'the name of a header that clients may see, or `{matching: <regular expression>}`',
});

/** One of the rules by which headers of subgraphs' answers go to clients. They are followed in their order. */
export const responseRule = z.union(
  [
    z
      .strictObject({ propagate: shown, rename: shownName.optional(), default: value.optional() })
      .refine(isOfOneName, OF_ONE_NAME),
    z.strictObject({ insert: shownName, value }),
    z.strictObject({ remove: z.union([anyName, pattern], { error: 'the name of a header, or a pattern' }) }),
  ],
  { error: 'a rule: `propagate`, `insert` or `remove`' },
);
export type ResponseRule = z.infer<typeof responseRule>;
