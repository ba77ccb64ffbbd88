import type { Schema } from './schemas.ts';

/** A call of a tool that waits for the person's yes, as the doors tell of it. */
export interface WaitingCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  /** The tool server that it is a tool of. */
  readonly server: string;
  /** Until when it can be allowed. */
  readonly expiresAt: string;
}

/** A reply of which it can be said whether it waits. */
export interface MayWait {
  readonly id: string;
  readonly status: string;
  readonly toolCalls: readonly {
    readonly id: string;
    readonly name: string;
    readonly arguments: string;
    readonly server: string | null;
    readonly approval: { readonly status: string; readonly expiresAt: string } | null;
  }[];
}

/** Returns the calls of a stored reply that wait for the person's yes. A reply that was stopped has none. */
export const waitingCalls = ({ status, toolCalls }: Pick<MayWait, 'status' | 'toolCalls'>): WaitingCall[] =>
  toolCalls.flatMap(({ id, name, arguments: args, server, approval }) =>
    status === 'COMPLETE' && approval?.status === 'WAITING'
      ? [{ id, name, arguments: args, server: server ?? '', expiresAt: approval.expiresAt }]
      : [],
  );

/**
 * Returns what tells a client that a reply is not at its end, and what the person can do.
 *
 * @param replyId id of the message that makes the calls.
 * @param here how the door itself takes the decision; undefined where it does not.
 */
export function howToAllow(replyId: string, calls: readonly Pick<WaitingCall, 'name'>[], here?: string): string {
  const names = calls.map(({ name }) => name).join(', ');
  const graph = `with approveToolCall or rejectToolCall of the graph (message ${replyId})`;
  return `The reply waits until the person allows ${names}: in the console, ${graph}${here ? `, or ${here}` : ''}.`;
}

/** The part of an answer that says what a reply waits for. */
export interface Waiting {
  readonly message: string;
  readonly calls: readonly WaitingCall[];
}

/** Returns what a reply waits for; undefined where it is whole. */
export function waitingOf(reply: MayWait, here?: string): Waiting | undefined {
  const calls = waitingCalls(reply);
  return calls.length > 0 ? { message: howToAllow(reply.id, calls, here), calls } : undefined;
}

const TEXT: Schema = { type: 'string' };

/** The JSON Schema of it. */
export const WAITING: Schema = {
  type: 'object',
  description: 'Only where the reply waits for the person: what for, and how they allow it.',
  properties: {
    message: TEXT,
    calls: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: TEXT, name: TEXT, arguments: TEXT, server: TEXT, expiresAt: TEXT },
        required: ['id', 'name', 'arguments', 'server', 'expiresAt'],
      },
    },
  },
  required: ['message', 'calls'],
};
