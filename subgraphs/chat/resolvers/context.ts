import type { RequestContext } from '#platform/host/definition.ts';
import type { Completions } from '../complete/completion.ts';
import type { Loaders } from '../loaders.ts';
import type { Sending } from '../messages/send.ts';
import type { ChatParts } from '../parts.ts';
import type { Replies } from '../replies/replies.ts';
import type { Connecting } from '../tool-accounts/connecting.ts';

export type Context = RequestContext<Loaders>;

/** The parts that resolvers reach for. */
export interface ResolverParts {
  readonly chat: ChatParts;
  readonly replies: Replies;
  readonly sending: Sending;
  readonly completions: Completions;
  readonly connecting: Connecting;
}
