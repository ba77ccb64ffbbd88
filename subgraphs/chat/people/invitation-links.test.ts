import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PEOPLE_ROUTES } from '#platform/contracts/people.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

/** Auth as the transport shows it: it keeps what it was asked. */
const asked: { path: string; body: Record<string, unknown>; identity: unknown }[] = [];
let outcome: string;
const auth = {
  fetch: async (request: Request, identity: unknown) => {
    const body = (await request.json()) as { ids?: string[] };
    const path = new URL(request.url).pathname;
    asked.push({ path, body, identity });
    return Response.json(path === PEOPLE_ROUTES.find ? { ids: body.ids } : { outcome });
  },
} as unknown as SubgraphTransport;

let world: ChatWorld;
let anna: UserIdentity;
let bert: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open({ transportOf: (name) => (name === 'auth' ? auth : undefined) });
  await world.addReplica();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  asked.length = 0;
  outcome = 'accepted';
  anna = person();
  bert = person();
  conversationId = await world.conversation(anna, { title: 'Plans' });
});

const CREATE = `mutation($input: CreateInvitationLinkInput!) {
  createInvitationLink(input: $input) { link { id usesLeft email } token url }
}`;
const MAIL = 'mutation($input: InviteByEmailInput!) { inviteByEmail(input: $input) { link { email usesLeft } } }';
const ACCEPT_LINK =
  'mutation($input: AcceptInvitationLinkInput!) { acceptInvitationLink(input: $input) { conversation { id viewerRole } } }';
const PREVIEW = 'query($token: String!) { invitationByLink(token: $token) { title invitedBy { id } } }';
const REVOKE = 'mutation($input: RevokeInvitationLinkInput!) { revokeInvitationLink(input: $input) { deletedId } }';
const REMOVE =
  'mutation($input: RemoveFromConversationInput!) { removeFromConversation(input: $input) { conversation { id } } }';
const create = async (input: object = {}) => {
  type Made = { createInvitationLink: { link: { id: string }; token: string; url: string } };
  const { data, message } = await world.ask<Made>(anna, CREATE, { input: { id: conversationId, ...input } });
  if (!data?.createInvitationLink) throw new Error(message);
  return data.createInvitationLink;
};
const accept = (who: UserIdentity, token: string, replica = 0) =>
  world.ask(who, ACCEPT_LINK, { input: { token } }, replica);
const people = async () =>
  (await world.db.participant.findMany({ where: { conversationId } })).map(({ userId }) => userId);

describe('a link that invites', () => {
  it('shows what it is for, is accepted by one person, at any replica, and a double click is one', async () => {
    const { token, url } = await create();
    expect(url).toMatch(new RegExp(`/join#${token}$`));
    expect((await world.ask(bert, PREVIEW, { token }, 1)).data).toEqual({
      invitationByLink: { title: 'Plans', invitedBy: { id: anna.userId } },
    });
    expect(await people()).toEqual([anna.userId]);
    const both = await Promise.all([accept(bert, token, 0), accept(bert, token, 1)]);
    expect(both.map(({ data }) => data)).toEqual(
      Array(2).fill({ acceptInvitationLink: { conversation: { id: conversationId, viewerRole: 'MEMBER' } } }),
    );
    expect((await accept(person(), token)).code).toBe('NOT_FOUND');
    expect((await people()).sort()).toEqual([anna.userId, bert.userId].sort());
  });

  it('for three lets three in, though six come at the same time', async () => {
    const { token } = await create({ maxUses: 3 });
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => accept(person(), token, n % 2)));
    expect(answers.filter(({ code }) => code === undefined)).toHaveLength(3);
    expect(await people()).toHaveLength(4);
  });

  it('wrong, used up, revoked, expired and deleted look the same', async () => {
    const used = await create();
    await accept(bert, used.token);
    const revoked = await create();
    await world.ask(bert, REVOKE, { input: { id: revoked.link.id } });
    expect((await world.ask(person(), PREVIEW, { token: revoked.token })).code).toBeUndefined();
    await world.ask(anna, REVOKE, { input: { id: revoked.link.id } });
    const expired = await create();
    await world.db.invitationLink.update({ where: { id: expired.link.id }, data: { expiresAt: new Date(0) } });
    const answers = await Promise.all(
      [used.token, revoked.token, expired.token, 'wrong'].flatMap((token) => [
        accept(person(), token),
        world.ask(person(), PREVIEW, { token }),
      ]),
    );
    expect(new Set(answers.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
    expect(answers[0]!.code).toBe('NOT_FOUND');
  });

  it('does not let a person back in who was removed', async () => {
    const { token } = await create({ maxUses: 5 });
    await accept(bert, token);
    await world.ask(anna, REMOVE, { input: { id: conversationId, userId: bert.userId } });
    expect((await accept(bert, token)).code).toBe('NOT_FOUND');
    expect(await people()).toEqual([anna.userId]);
  });

  it('is the owner’s to make and to see; its secret is kept nowhere; it has limits', async () => {
    const { token } = await create({ maxUses: 2 });
    await accept(bert, token);
    expect((await world.ask(bert, CREATE, { input: { id: conversationId } })).code).toBe('FORBIDDEN');
    expect((await world.ask(person(), CREATE, { input: { id: conversationId } })).code).toBe('NOT_FOUND');
    const LINKS = 'query($id: ID!) { conversation(id: $id) { invitationLinks { nodes { usesLeft } } } }';
    expect((await world.ask(anna, LINKS, { id: conversationId })).data).toEqual({
      conversation: { invitationLinks: { nodes: [{ usesLeft: 1 }] } },
    });
    expect((await world.ask(bert, LINKS, { id: conversationId })).data).toEqual({
      conversation: { invitationLinks: null },
    });
    const [row] = await world.db.$queryRaw<{ all: string }[]>`SELECT json_agg(l)::text AS all FROM invitation_links l`;
    expect(row!.all).not.toContain(token);
    const far = new Date(Date.now() + 31 * 86_400_000).toISOString();
    for (const [field, value] of Object.entries({ maxUses: 51, expiresAt: far })) {
      const { extensions } = await world.ask(anna, CREATE, { input: { id: conversationId, [field]: value } });
      expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: `input.${field}` });
    }
  });
});

describe('an invitation by e-mail', () => {
  it('is a link for one person that auth sends; the answer tells nothing of the address', async () => {
    const { data } = await world.ask(anna, MAIL, { input: { id: conversationId, email: 'bert@example.org' } });
    expect(data).toEqual({ inviteByEmail: { link: { email: 'bert@example.org', usesLeft: 1 } } });
    expect(asked).toMatchObject([
      {
        path: PEOPLE_ROUTES.invite,
        body: { email: 'bert@example.org', invitedById: anna.userId },
        identity: { kind: 'service', service: 'chat' },
      },
    ]);
    const token = String(asked[0]!.body['url']).split('#')[1]!;
    expect((await accept(bert, token)).code).toBeUndefined();
    expect((await accept(person(), token)).code).toBe('NOT_FOUND');
  });

  it('that cannot be sent leaves no link', async () => {
    outcome = 'no address';
    const refused = await world.ask(anna, MAIL, { input: { id: conversationId, email: 'nonsense' } });
    expect(refused.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.email' });
    outcome = 'not configured';
    expect((await world.ask(anna, MAIL, { input: { id: conversationId, email: 'a@b.org' } })).code).toBe(
      'NOT_CONFIGURED',
    );
    expect(await world.db.invitationLink.count({ where: { conversationId } })).toBe(0);
    expect((await world.ask(bert, MAIL, { input: { id: conversationId, email: 'a@b.org' } })).code).toBe('NOT_FOUND');
  });
});

it('people are found only among those with whom one shares a conversation now', async () => {
  const FIND = 'query($search: String!) { people(search: $search) { id } }';
  const find = async (who: UserIdentity, search = 'e') =>
    (await world.ask<{ people: { id: string }[] }>(who, FIND, { search })).data!.people.map(({ id }) => id);
  const carl = person();
  expect(await find(anna)).toEqual([]);
  expect(asked).toEqual([]);
  await world.share(anna, conversationId, bert, carl);
  expect((await find(anna)).sort()).toEqual([bert.userId, carl.userId].sort());
  expect(asked.at(-1)).toMatchObject({ body: { search: 'e', limit: 10 }, identity: { kind: 'service' } });
  expect(await find(person())).toEqual([]);
  await world.ask(anna, REMOVE, { input: { id: conversationId, userId: carl.userId } });
  expect(await find(anna)).toEqual([bert.userId]);
  expect(await find(carl)).toEqual([]);
  expect((await world.ask(anna, FIND, { search: ' ' })).extensions).toMatchObject({ argument: 'search' });
});
