import { buildSchema, getOperationAST, parse, print } from 'graphql';
import { expect, it } from 'vitest';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import { composeSdl } from '../execution/testing/fleet.ts';
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

it('an operation without restricted fields is not looked at again', () => {
  expect(check('{ open }', ANONYMOUS)).toBe('allowed');
});

it('restricted fields are taken out, each with an error in its place; the rest is answered', () => {
  expect(check('{ open me: mine staff }', ANONYMOUS)).toEqual({
    rest: '{ open }',
    errors: ['me UNAUTHENTICATED', 'staff UNAUTHENTICATED'],
  });
  expect(check('{ open mine staff }', user(['read']))).toEqual({ rest: '{ open mine }', errors: ['staff FORBIDDEN'] });
});

it('what stands for an object of which nothing is left does not meet a field that was called `__typename`', () => {
  expect(check('{ nodes { ...Notes __typename: id } } fragment Notes on Member { note }', ANONYMOUS)).toEqual({
    rest: '{ nodes { ...Notes __typename: id } } fragment Notes on Member { ___typename: __typename }',
    errors: ['nodes.note UNAUTHENTICATED'],
  });
});

it('any of the sets of scopes will do, and all of a set', () => {
  expect(check('{ staff }', user(['read', 'staff']))).toBe('allowed');
  expect(check('{ staff }', user(['admin']))).toBe('allowed');
  expect(check('{ staff }', user(['staff']))).toMatchObject({ rest: undefined });
});

it('a policy is granted by the role of its name', () => {
  expect(check('{ vip }', user([], ['vip']))).toBe('allowed');
  expect(check('{ open vip }', user([]))).toMatchObject({ errors: ['vip FORBIDDEN'] });
});

it('a restricted type restricts the fields that return it', () => {
  expect(check('{ open vault { gold } }', ANONYMOUS)).toMatchObject({ rest: '{ open }' });
  expect(check('{ vault { gold } }', user([]))).toBe('allowed');
});

it('an interface is not a way around what its types restrict', () => {
  expect(check('{ nodes { id note } }', user([]))).toEqual({
    rest: '{ nodes { id } }',
    errors: ['nodes.note FORBIDDEN'],
  });
  expect(check('{ nodes { id ... on Guest { note } } }', user([]))).toBe('allowed');
  expect(check('{ nodes { ... on Member { note } } }', user([]))).toMatchObject({ errors: ['nodes.note FORBIDDEN'] });
});

it('a type is not a way around what its interfaces restrict', () => {
  const shelf = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.6")
    type Query { media: [Media] book: Book film: Film works: [Work] }
    interface Media { id: ID! price: Int title: String }
    interface Work { rights: String }
    type Book implements Media { id: ID! price: Int title: String pages: Int }
    type Film implements Media & Work { id: ID! price: Int title: String rights: String }`;
  // Composition of today takes the directives from interfaces.
  const composed = composeSdl({ shelf });
  const link = '@link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)';
  const restricting = composed
    .replace(/^schema$/m, `schema ${link}`)
    .replace(/(interface Media[^{]*\{[^}]*?price: Int)/, '$1 @authenticated')
    .replace(/(interface Work)/, '$1 @authenticated');
  const schema = buildSchema(shelf.slice(shelf.indexOf('type Query')));
  const denied = (text: string, restricted = restricting) => {
    const document = parse(text);
    const read = readPolicyDirectives(restricted);
    const denial = planAccess(document, getOperationAST(document)!, schema, read)?.check(
      ANONYMOUS,
      grantedByRole(ANONYMOUS),
    );
    return denial?.errors.map(({ path }) => path!.join('.')) ?? [];
  };
  expect(denied('{ media { id price } }')).toEqual(['media.price']);
  expect(denied('{ media { ... on Book { price pages } } }')).toEqual(['media.price']);
  expect(denied('{ book { cost: price title } film { price rights } }')).toEqual([
    'book.cost',
    'film.price',
    'film.rights',
  ]);
  expect(denied('{ media { ... on Film { ...F } } } fragment F on Film { rights }')).toEqual(['media.rights']);
  expect(denied('{ book { id title pages } film { title } }')).toEqual([]);

  // What one type demands as a whole is not what the interface demands of a field.
  const withBook = restricting.replace(/(type Book implements Media)/, '$1 @authenticated');
  expect(denied('{ film { price } }', withBook)).toEqual(['film.price']);
  expect(denied('{ film { title } }', withBook)).toEqual([]);
});

it('fragments are followed, also when nothing is left of them', () => {
  expect(check('{ open ...F } fragment F on Query { staff }', user([]))).toMatchObject({
    rest: '{ open ...F } fragment F on Query { __typename }',
    errors: ['staff FORBIDDEN'],
  });
});

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@requires", "@external", "@policy", "@authenticated", "@context", "@fromContext"])`;
/** As of a composition that does not ask for as much on fields with @requires and @fromContext. */
const careless = composeSdl({
  person: `${LINK}
    type Query { person: Person }
    type Person @key(fields: "id") @context(name: "person") {
      id: ID!
      salary: Int @policy(policies: [["payroll"]])
      address: Address
      desk: Desk
    }
    type Address { street: String @authenticated }
    type Desk @key(fields: "id") {
      id: ID!
      size(salary: Int @fromContext(field: "$person { salary }")): Int @policy(policies: [["payroll"]])
    }`,
  tax: `${LINK}
    type Person @key(fields: "id") {
      id: ID!
      salary: Int @external
      address: Address @external
      tax: Int @requires(fields: "salary") @policy(policies: [["payroll"]])
      district: String @requires(fields: "address { street }") @authenticated
      open: Int
    }
    type Address { street: String @external }`,
}).replace(/^( +(?:tax|district|size)\b.*?)( @policy\(.*\]\]\)| @authenticated)$/gm, '$1');

it.each([
  ['{ person { id open } }', 'allowed', 'allowed'],
  ['{ person { id tax } }', ['person.tax'], ['person.tax']],
  ['{ person { id district } }', ['person.district'], 'allowed'],
  ['{ person { id desk { size } } }', ['person.desk.size'], ['person.desk.size']],
])('what a field is made of restricts it too: %s', async (text, anonymous, signedIn) => {
  const { sdl: made, apiSchema: schema } = await loadSupergraph({ sdl: careless });
  expect(made.match(/@policy\(|@authenticated$/gm)).toHaveLength(3); // the directive itself, and its two first uses
  const document = parse(text);
  const plan = planAccess(document, getOperationAST(document)!, schema, readPolicyDirectives(made));
  const outcome = (identity: Identity) =>
    plan?.check(identity, grantedByRole(identity))?.errors.map(({ path }) => path!.join('.')) ?? 'allowed';
  expect([outcome(ANONYMOUS), outcome(user([]))]).toEqual([anonymous, signedIn]);
  expect(outcome(user([], ['payroll']))).toBe('allowed');
});
