import { v7 as uuidv7 } from 'uuid';
import { badInput, CodedError, notFound, rateLimited } from '#platform/base/errors/errors.ts';
import { afterCommit } from '#platform/data/database/after-commit.ts';
import type { Fact } from '#platform/data/outbox/outbox.ts';
import { requireScope, type UserIdentity } from '#platform/identity/identity.ts';
import { type Message, Prisma } from '#prisma/chat/client/client.ts';
import { type ConversationView, lockConversation, messageFor } from '../access.ts';
import { checkAttachments, checkId, checkText, isId, MAX_MESSAGE_BYTES } from '../input.ts';
import { checkParameters, type ParametersInput, storedParameters } from '../parameters.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import { checkImages } from '../peers/images.ts';
import { spend } from '../rate.ts';
import type { Replies } from '../replies/replies.ts';
import { requesterOf } from '../replies/requester.ts';
import { firstWords } from '../replies/title-text.ts';
import { checkOffer, type Offer, type OfferInput, offered, storedOffer } from '../tools/offer.ts';
import { missingSetting, needsMemory } from '../tools/server-tools.ts';
import { type DecisionInput, decide } from '../tools/tool-approvals.ts';
import { checkAnswerable, checkResults, storeResults, type ToolResultsInput } from '../tools/tool-results.ts';
import { activate, MAX_DEPTH, type Parent, wayTo } from '../tree.ts';
import { type Ask, digest, pendingReply, personsMessage } from './ask.ts';
import { storeAtOnce } from './store-at-once.ts';

/** Most siblings under one message. */
const MAX_SIBLINGS = 200;
const MAX_TOOL_SERVERS = 16;

export interface ReplyOptions extends OfferInput {
  readonly clientMessageId: string;
  readonly model?: string | null;
  readonly parameters?: ParametersInput | null;
}

export interface SendInput extends ReplyOptions {
  readonly conversationId: string;
  readonly text: string;
  /** Absent: after the active leaf; null: a new beginning. */
  readonly parentId?: string | null;
  readonly attachments?: readonly string[] | null;
  readonly reply: boolean;
}

export interface Sent {
  /** The person's message; absent when a reply is regenerated. */
  readonly message: Message | undefined;
  readonly reply: Message | undefined;
  /** As the call has left it. */
  readonly conversation: ConversationView;
}

/** The entry by which people's messages come into the tree of a conversation. */
export class Sending {
  readonly #chat: ChatParts;
  readonly #replies: Replies;

  constructor(chat: ChatParts, replies: Replies) {
    this.#chat = chat;
    this.#replies = replies;
  }

  /**
   * Stores a message and the pending reply in one transaction and returns; the reply is written behind it.
   *
   * The same clientMessageId again answers with what the first call stored.
   *
   * @throws {CodedError} BAD_USER_INPUT, NOT_FOUND, CONFLICT (the same id with other content), RATE_LIMITED,
   * MODEL_NOT_FOUND; with images also what vision says.
   */
  async send(user: UserIdentity, input: SendInput): Promise<Sent> {
    const text = checkText('input.text', input.text, MAX_MESSAGE_BYTES);
    const attachments = checkAttachments(input.attachments);
    if (attachments.length > 0) await checkImages(this.#chat, attachments, user);
    const { parentId } = input;
    return this.#store(user, {
      ...(await this.#options(user, input)),
      conversationId: input.conversationId,
      hash: digest(
        user,
        'send',
        text,
        parentId === undefined ? 'leaf' : parentId,
        input.model,
        input.parameters,
        attachments,
        input.reply,
        offered(input),
      ),
      message: { text, attachments },
      reply: input.reply,
      atLeaf: parentId === null ? undefined : { id: parentId },
      parent: (tx, conversation) => {
        if (parentId === null) return Promise.resolve(null);
        if (parentId !== undefined) return parentIn(tx, conversation.id, 'input.parentId', parentId);
        return conversation.activeLeafId
          ? parentIn(tx, conversation.id, 'input.parentId', conversation.activeLeafId)
          : Promise.resolve(null);
      },
    });
  }

  /**
   * The caller's message said again: a sibling with its own reply. The images come along.
   *
   * @throws {CodedError} as `send`; FORBIDDEN for a message of another user, BAD_USER_INPUT for a reply.
   */
  async edit(user: UserIdentity, input: ReplyOptions & { id: string; text: string }): Promise<Sent> {
    const text = checkText('input.text', input.text, MAX_MESSAGE_BYTES);
    const original = await messageFor(this.#chat.db, user.userId, input.id);
    if (original.role !== 'USER') throw badInput('input.id', 'is a reply; ask for another with regenerateReply.');
    if (original.authorId !== user.userId) throw new CodedError('FORBIDDEN', 'Only its author may edit a message.');
    if (original.removedAt !== null) throw badInput('input.id', 'is a message that was deleted; send another one.');
    return this.#store(user, {
      ...(await this.#options(user, input)),
      conversationId: original.conversationId,
      hash: digest(user, 'edit', original.id, text, input.model, input.parameters, offered(input)),
      message: { text, attachments: original.attachments },
      reply: true,
      parent: (tx, { id }) =>
        original.parentId === null ? Promise.resolve(null) : parentIn(tx, id, 'input.id', original.parentId),
    });
  }

  /**
   * Another reply beside an earlier one.
   *
   * @throws {CodedError} as `send`; BAD_USER_INPUT for a person's message.
   */
  async regenerate(user: UserIdentity, input: ReplyOptions & { id: string }): Promise<Sent> {
    const original = await messageFor(this.#chat.db, user.userId, input.id);
    const asked = original.parentId;
    if (original.role !== 'ASSISTANT' || asked === null) {
      throw badInput('input.id', 'is a message of a person; only replies are regenerated.');
    }
    const question = await this.#chat.db.message.findUnique({ where: { id: asked }, select: { removedAt: true } });
    if (question?.removedAt) throw badInput('input.id', 'replies to a message that was deleted; send another one.');
    return this.#store(user, {
      ...(await this.#options(user, input, await this.#inheritable(user, original))),
      conversationId: original.conversationId,
      hash: digest(user, 'regenerate', original.id, input.model, input.parameters, offered(input)),
      reply: true,
      parent: (tx, { id }) => parentIn(tx, id, 'input.id', asked),
    });
  }

  /**
   * Takes what the client's tools gave to a reply's calls, and begins the reply that goes on from there, with the same
   * tools. The same results again answer with what the first call began.
   *
   * @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT (answered before, otherwise), RATE_LIMITED.
   */
  async answerTools(user: UserIdentity, input: ToolResultsInput): Promise<Sent> {
    const results = checkResults(input.results);
    const calling = await messageFor(this.#chat.db, user.userId, input.id);
    checkAnswerable(user, calling);
    const sent = await this.#goOn(user, calling, {
      hash: digest(user, 'tools', calling.id, results),
      conflict: new CodedError('CONFLICT', 'The calls of this reply have been answered, with other results.', {
        argument: 'input.results',
      }),
      parent: (tx) => storeResults(tx, calling.id, results),
    });
    await this.#chat.topics.publish(calling.conversationId, { type: 'MessageUpdated', messageId: calling.id });
    return sent;
  }

  /**
   * Takes a person's yes or no to a call of a tool. With the last one that is needed begins the reply that goes on from
   * there, with the same tools.
   *
   * @returns the reply that goes on; absent while other calls wait.
   * @throws {CodedError} as `decide`; RATE_LIMITED.
   */
  async decideToolCall(
    user: UserIdentity,
    input: DecisionInput,
    decided: 'APPROVED' | 'REJECTED',
  ): Promise<Sent | undefined> {
    const { calling, isSettled } = await decide(this.#chat, user, input, decided);
    if (!isSettled) return undefined;
    const earlier = await continuationOf(this.#chat.db, calling.id);
    return this.#goOn(user, calling, {
      // Where results of the client's tools came last, they have begun it.
      hash: earlier?.requestHash ?? digest(user, 'decided', calling.id),
      parent: async () => calling,
    });
  }

  /** Begins the reply that goes on from one whose calls have their answers: one for each that called. */
  #goOn(user: UserIdentity, calling: Message, ask: Pick<Ask, 'hash' | 'conflict' | 'parent'>): Promise<Sent> {
    return this.#store(user, {
      ...ask,
      conversationId: calling.conversationId,
      // Not one that follows from what others know: an id that another participant has used is taken.
      clientMessageId: uuidv7(),
      continues: calling.id,
      model: calling.model,
      parameters: storedParameters(calling.parameters),
      offer: storedOffer(calling.offer),
      asksForMemory: undefined,
      reply: true,
    });
  }

  /**
   * What another reply takes over from an earlier one. Memory and tool servers with accounts are not among it where
   * others would read what they give, or where the earlier reply was another person's: the one who asks has to ask for
   * them.
   */
  async #inheritable(user: UserIdentity, original: Message): Promise<Offer> {
    const { memory: _, serverTools, toolServers, ...rest } = storedOffer(original.offer);
    const { conversationId, requesterId } = original;
    const isAlone = (await this.#chat.db.participant.count({ where: { conversationId } })) === 1;
    if (isAlone && requesterId === user.userId) return storedOffer(original.offer);
    const harmless = serverTools?.filter((name) => !needsMemory(name));
    const withAccounts = await this.#chat.models.toolServers.namesWithAccounts();
    return {
      ...rest,
      ...(harmless?.length && { serverTools: harmless }),
      ...(toolServers && { toolServers: toolServers.filter((name) => !withAccounts.has(name)) }),
    };
  }

  async #options(user: UserIdentity, input: ReplyOptions, inherited?: Offer) {
    const model = input.model ?? null;
    if (model !== null) await this.checkModel(model);
    await this.checkToolServers(user, input.toolServers);
    for (const [index, name] of (input.serverTools ?? []).entries()) {
      const setting = missingSetting(name, this.#chat.config);
      if (setting !== undefined) {
        throw new CodedError('NOT_CONFIGURED', `${name} is not offered here: the administrator sets ${setting}.`, {
          argument: `input.serverTools.${index}`,
        });
      }
    }
    const asksForMemory = memoryArgument(input);
    if (asksForMemory) requireScope(user, 'memory:read');
    return {
      clientMessageId: checkId('input.clientMessageId', input.clientMessageId),
      model,
      parameters: checkParameters('input.parameters', input.parameters),
      offer: checkOffer(input, inherited),
      asksForMemory,
    };
  }

  /** @throws {CodedError} MODEL_NOT_FOUND when no chat model has that id. */
  async checkModel(model: string): Promise<void> {
    const known = await this.#chat.models.list();
    if (known.some(({ id, capabilities }) => id === model && capabilities.chat)) return;
    throw new CodedError(
      'MODEL_NOT_FOUND',
      `No chat model is called ${JSON.stringify(model.slice(0, 100))}; \`models\` lists them.`,
      {
        argument: 'input.model',
      },
    );
  }

  /** @throws {CodedError} BAD_USER_INPUT when the user may use no tool server of a name. */
  async checkToolServers(user: UserIdentity, names: readonly string[] | null | undefined): Promise<void> {
    if (!names?.length) return;
    if (names.length > MAX_TOOL_SERVERS) {
      throw badInput('input.toolServers', `are ${names.length}; at most ${MAX_TOOL_SERVERS} are accepted.`);
    }
    const known = await this.#chat.models.toolServers.names(user);
    for (const [index, name] of names.entries()) {
      if (known.includes(name)) continue;
      const which = known.length === 0 ? 'there is none here that you may use' : '`toolServers` lists them';
      throw badInput(`input.toolServers.${index}`, `is not the name of a tool server; ${which}.`);
    }
  }

  async #store(user: UserIdentity, ask: Ask): Promise<Sent> {
    await spend(this.#chat, user, 'messages');
    const stored = (await this.#atOnce(user, ask)) ?? (await this.#transaction(user, ask));
    const { message, reply, conversation } = stored;
    if (stored.fresh) {
      if (reply) this.#replies.wake(reply.id, { reply, conversation, isShared: stored.isShared });
      await this.#chat.topics.publish(
        ask.conversationId,
        ...[message, reply].flatMap((one) => (one ? [{ type: 'MessageCreated' as const, messageId: one.id }] : [])),
        { type: 'ConversationUpdated' },
      );
    }
    return { message, reply, conversation };
  }

  /** Stores what most sends are, by one statement. @returns undefined for all others, of which nothing is stored. */
  async #atOnce(user: UserIdentity, ask: Ask) {
    if (!ask.message || !ask.atLeaf) return undefined;
    const { db, outbox, config } = this.#chat;
    const { conversationId } = ask;
    // Where the message comes to stand is known to the statement.
    const message = personsMessage(conversationId, user, ask, null, ask.message);
    const event = outbox.prepare([completed(user, { id: conversationId, memoryEnabled: false }, message)]);
    const stored = await storeAtOnce(db, {
      userId: user.userId,
      conversationId,
      after: ask.atLeaf.id,
      message,
      reply: ask.reply ? pendingReply(conversationId, ask, message, requesterOf(user)) : undefined,
      title: firstWords(ask.message.text),
      asksForMemory: ask.asksForMemory !== undefined,
      maxDepth: MAX_DEPTH,
      maxSiblings: MAX_SIBLINGS,
      maxUnfinished: config.CHAT_REPLIES_PER_USER,
      event: event.rows,
    });
    if (stored === undefined) return undefined;
    event.recorded();
    return { ...stored, fresh: true };
  }

  async #transaction(user: UserIdentity, ask: Ask) {
    const { db, outbox } = this.#chat;
    return db.$transaction(async (tx) => {
      const conversation = await lockConversation(tx, user.userId, ask.conversationId);
      const { clientMessageId } = ask;
      const earlier = ask.continues
        ? await continuationOf(tx, ask.continues)
        : await tx.message.findUnique({
            where: { conversationId_clientMessageId: { conversationId: conversation.id, clientMessageId } },
          });
      if (earlier) return { ...(await repeated(tx, earlier, ask)), conversation, fresh: false, isShared: false };

      if (ask.asksForMemory && !conversation.memoryEnabled) {
        throw badInput(
          ask.asksForMemory,
          'asks for memory, which is switched off in this conversation; updateConversation switches it on.',
        );
      }
      const parent = await ask.parent(tx, conversation);
      const { isBusy, isShared } = await this.#checkRoom(tx, user, conversation.id, parent, ask);
      const requester = requesterOf(user);
      // The conversation is locked: no other message has the number.
      const arrival = conversation.arrivals + 1;
      const message = ask.message && {
        ...personsMessage(conversation.id, user, ask, parent, ask.message),
        arrival,
      };
      const reply = ask.reply
        ? {
            ...pendingReply(conversation.id, ask, message ?? parent!, requester),
            waitsForId: isBusy ? await unfinishedBefore(tx, conversation.id, parent) : null,
          }
        : undefined;
      const rows = [message, reply].filter((row) => row !== undefined);
      const created = await tx.message.createManyAndReturn({ data: rows });
      const leaf = created.find(({ id }) => id === rows.at(-1)!.id)!;
      const stored = created.find(({ id }) => id === message?.id);
      const events = outbox.prepare(stored ? [completed(user, conversation, stored)] : []);
      const title = conversation.titleSource === 'NONE' && ask.message ? firstWords(ask.message.text) : undefined;
      const sent = stored && { userId: user.userId, messageId: stored.id, arrival };
      const addition = { messages: rows.length, title, at: leaf.createdAt, events, sent };
      const activeRootId = await activate(tx, conversation.id, leaf.id, addition);
      afterCommit(tx, () => events.recorded());
      return {
        message: stored,
        reply: created.find(({ id }) => id === reply?.id),
        conversation: {
          ...conversation,
          activeRootId,
          activeLeafId: leaf.id,
          messageCount: conversation.messageCount + rows.length,
          ...(title !== undefined && { title, titleSource: 'FIRST_WORDS' as const }),
          ...(sent && { arrivals: arrival }),
          viewer: {
            ...conversation.viewer,
            activityAt: leaf.createdAt,
            ...(sent && { lastRead: arrival, lastReadMessageId: sent.messageId }),
          },
        },
        fresh: true,
        isShared,
      };
    }, TRANSACTION);
  }

  /**
   * Checks that the tree and the user's own limit have room for it.
   *
   * @returns whether any reply of the conversation has not ended, and whether several people take part in it.
   */
  async #checkRoom(
    tx: Transaction,
    user: UserIdentity,
    conversationId: string,
    parent: Parent | null,
    ask: Ask,
  ): Promise<{ isBusy: boolean; isShared: boolean }> {
    if ((parent?.depth ?? 0) >= MAX_DEPTH) {
      throw badInput(
        'input.conversationId',
        `has ${MAX_DEPTH} messages on this branch; go on in a fork of it, which takes the latest ${MAX_DEPTH / 2} along.`,
      );
    }
    const place = parent ? Prisma.sql`parent_id = ${parent.id}::uuid` : Prisma.sql`parent_id IS NULL`;
    const [counted] = await tx.$queryRaw<
      { siblings: number; unfinished: number; isBusy: boolean; isShared: boolean }[]
    >`
      SELECT (SELECT count(*)::int FROM messages WHERE conversation_id = ${conversationId}::uuid AND ${place}) AS siblings,
             CASE WHEN ${ask.reply}::boolean THEN hold_unfinished_replies(${user.userId}::uuid, true) ELSE 0 END AS unfinished,
             EXISTS (SELECT FROM messages WHERE conversation_id = ${conversationId}::uuid
                AND status IN ('PENDING', 'STREAMING')) AS "isBusy",
             (SELECT count(*) > 1 FROM participants WHERE conversation_id = ${conversationId}::uuid) AS "isShared"`;
    const { siblings, unfinished, isBusy, isShared } = counted!;
    if (siblings >= MAX_SIBLINGS) {
      throw badInput('input', `would be the ${siblings + 1}th branch at this place; at most ${MAX_SIBLINGS} are kept.`);
    }
    const limit = this.#chat.config.CHAT_REPLIES_PER_USER;
    if (ask.reply && unfinished >= limit) {
      throw rateLimited(`${unfinished} replies to you are still being written; at most ${limit} at a time.`, 5);
    }
    return { isBusy, isShared };
  }
}

/** The reply that goes on from another one; those beside it were asked for later. */
const continuationOf = (db: Pick<Transaction, 'message'>, callingId: string): Promise<Message | null> =>
  db.message.findFirst({ where: { parentId: callingId, role: 'ASSISTANT' }, orderBy: { id: 'asc' } });

const completed = (
  user: UserIdentity,
  conversation: Pick<ConversationView, 'id' | 'memoryEnabled'>,
  stored: Pick<Message, 'id' | 'text' | 'parentId'> & { readonly completedAt: Date | null },
): Fact => ({
  type: 'message.completed',
  payload: {
    messageId: stored.id,
    conversationId: conversation.id,
    userId: user.userId,
    role: 'USER',
    status: 'COMPLETED',
    text: stored.text,
    ...(stored.parentId && { parentId: stored.parentId }),
    remember: conversation.memoryEnabled,
    at: stored.completedAt!.toISOString(),
  },
});

function memoryArgument({ useMemory, serverTools }: OfferInput): Ask['asksForMemory'] {
  if (useMemory === true) return 'input.useMemory';
  return serverTools?.some(needsMemory) ? 'input.serverTools' : undefined;
}

async function parentIn(tx: Transaction, conversationId: string, argument: string, id: string): Promise<Parent> {
  const parent = isId(id)
    ? await tx.message.findFirst({ where: { id, conversationId }, select: { id: true, parentId: true, depth: true } })
    : null;
  if (!parent)
    throw argument === 'input.parentId'
      ? badInput(argument, 'is not a message of this conversation.')
      : notFound('The message');
  return parent;
}

/** What the first call under the same id stored. */
async function repeated(tx: Transaction, earlier: Message, ask: Ask) {
  // Of what was deleted nothing is left to compare: a repetition is answered with its place.
  if (earlier.requestHash !== ask.hash && earlier.removedAt === null) {
    throw (
      ask.conflict ??
      new CodedError(
        'CONFLICT',
        'This clientMessageId was used before, with other content. Make a new one for a new message.',
        {
          argument: 'input.clientMessageId',
        },
      )
    );
  }
  if (earlier.role === 'ASSISTANT') return { message: undefined, reply: earlier };
  const reply = ask.reply
    ? await tx.message.findFirst({ where: { parentId: earlier.id, role: 'ASSISTANT' }, orderBy: { id: 'asc' } })
    : null;
  return { message: earlier, reply: reply ?? undefined };
}

/** The nearest earlier reply that has not ended, on the way down to `parent`. */
async function unfinishedBefore(
  tx: Transaction,
  conversationId: string,
  parent: Parent | null,
): Promise<string | null> {
  if (!parent) return null;
  const unfinished = await tx.message.findMany({
    where: { conversationId, status: { in: ['PENDING', 'STREAMING'] } },
    orderBy: { depth: 'desc' },
    select: { id: true },
  });
  if (unfinished.length === 0) return null;
  const way = new Set(await wayTo(tx, parent.id, MAX_DEPTH));
  return unfinished.find(({ id }) => way.has(id))?.id ?? null;
}
