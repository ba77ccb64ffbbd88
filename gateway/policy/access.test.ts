import { getOperationAST, parse, print } from 'graphql';
import { expect, test } from 'vitest';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import { composeSdl } from '../plan/fixtures/fleet.ts';
import { loadSupergraph } from '../supergraph/supergraph.ts';
import { planAccess } from './access.ts';
import { readPolicyDirectives } from './directives.ts';
import { grantedByRole } from './policies.ts';

const { sdl, apiSchema } = await loadSupergraph({
  sdl: composeSdl({
    club: `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.6",
        import: ["@authenticated", { name: "@requiresScopes", as: "@needs" }, "@policy"])
      type Query {
        open: String
        mine: String @authenticated
        staff: String @needs(scopes: [["read", "staff"], ["admin"]])
        vault: Vault
        nodes: [Node!]
        vip: String @policy(policies: [["vip"]])
      }
      type Vault @authenticated { gold: Int }
      interface Node { id: ID! note: String }
      type Member implements Node { id: ID! note: String @needs(scopes: [["admin"]]) }
      type Guest implements Node { id: ID! note: String }
    `,
  }),
});
const directives = readPolicyDirectives(sdl);
const user = (scopes: string[], roles: string[] = []): Identity => ({
  kind: 'user',
  userId: 'u',
  roles,
  scopes,
  expiresAt: 4e9,
});

function check(text: string, identity: Identity) {
  const document = parse(text);
  const operation = getOperationAST(document)!;
  const denial = planAccess(document, operation, apiSchema, directives)?.check(identity, grantedByRole(identity));
  if (!denial) return 'allowed';
  const rest = denial.reduction.apply(document, operation);
  return {
    rest: rest && print(rest).replace(/\s+/g, ' '),
    errors: denial.errors.map((error) => `${error.path!.join('.')} ${error.extensions['code']}`),
  };
}

test('an operation without restricted fields is not looked at again', () => {
  expect(check('{ open }', ANONYMOUS)).toBe('allowed');
});

test('restricted fields are taken out, each with an error in its place; the rest is answered', () => {
  expect(check('{ open me: mine staff }', ANONYMOUS)).toEqual({
    rest: '{ open }',
    errors: ['me UNAUTHENTICATED', 'staff UNAUTHENTICATED'],
  });
  expect(check('{ open mine staff }', user(['read']))).toEqual({ rest: '{ open mine }', errors: ['staff FORBIDDEN'] });
});

test('any of the sets of scopes will do, and all of a set', () => {
  expect(check('{ staff }', user(['read', 'staff']))).toBe('allowed');
  expect(check('{ staff }', user(['admin']))).toBe('allowed');
  expect(check('{ staff }', user(['staff']))).toMatchObject({ rest: undefined });
});

test('a policy is granted by the role of its name', () => {
  expect(check('{ vip }', user([], ['vip']))).toBe('allowed');
  expect(check('{ open vip }', user([]))).toMatchObject({ errors: ['vip FORBIDDEN'] });
});

test('a restricted type restricts the fields that return it', () => {
  expect(check('{ open vault { gold } }', ANONYMOUS)).toMatchObject({ rest: '{ open }' });
  expect(check('{ vault { gold } }', user([]))).toBe('allowed');
});

test('an interface is no way around what its types restrict', () => {
  expect(check('{ nodes { id note } }', user([]))).toEqual({
    rest: '{ nodes { id } }',
    errors: ['nodes.note FORBIDDEN'],
  });
  expect(check('{ nodes { id ... on Guest { note } } }', user([]))).toBe('allowed');
  expect(check('{ nodes { ... on Member { note } } }', user([]))).toMatchObject({ errors: ['nodes.note FORBIDDEN'] });
});

test('fragments are followed, also when nothing is left of them', () => {
  expect(check('{ open ...F } fragment F on Query { staff }', user([]))).toMatchObject({
    rest: '{ open ...F } fragment F on Query { __typename }',
    errors: ['staff FORBIDDEN'],
  });
});
