import { expect, it } from 'vitest';
import { disagreeingDescriptions } from './disagreeing-descriptions.ts';

it('what subgraphs describe in different words is named, with the subgraphs', () => {
  const auth = `
    "A person, as auth knows them."
    type User { "Identifies the user." id: ID! "How." name(short: Boolean): String }
    enum Role { "All." ADMIN }
    "What can be read."
    type Query { user: User }
  `;
  const chat = `
    "A person."
    type User { "Identifies the user." id: ID! "How." name("Whether to cut it." short: Boolean): String }
    "What a user may do."
    enum Role { "Everything." ADMIN }
    type Message { text: String }
    extend type Query { me: User }
  `;
  const schemas = new Map([
    ['auth', auth],
    ['chat', chat],
  ]);
  expect(disagreeingDescriptions(schemas)).toEqual([
    'Role.ADMIN: auth, chat',
    'Role: auth, chat',
    'User.name(short:): auth, chat',
    'User: auth, chat',
  ]);
  expect(disagreeingDescriptions(new Map([['chat', chat]]))).toEqual([]);
});
