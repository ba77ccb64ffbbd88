import type { RequestContext } from '#platform/host/definition.ts';
import type { Chat } from '../chat.ts';
import type { Loaders } from '../loaders.ts';
import type { Replies } from '../replies/replies.ts';
import type { Sending } from '../send.ts';

export type Context = RequestContext<Loaders>;

/** What resolvers reach for. */
export interface Parts {
  readonly chat: Chat;
  readonly replies: Replies;
  readonly sending: Sending;
}
