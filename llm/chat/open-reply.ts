import type { Deployment, Provider, ProviderType } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import type { Clients } from '../provider/clients.ts';
import type { Delta } from '../provider/deltas.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { Gathering } from '../provider/gathering.ts';
import type { Body, Protocol, Question } from '../provider/protocol.ts';
import { protocolOf } from '../provider/protocols.ts';
import type { QuirkBook, Quirks } from '../provider/quirks.ts';
import { type ProviderEnd, ProviderStream } from '../provider/stream.ts';
import type { ChatRequest } from '../requests.ts';
import { booked } from '../routing/attempt.ts';
import type { Attempt } from '../routing/router.ts';
import type { FitReport } from '../tokens/fit.ts';
import type { Prepared } from './prepare.ts';

/** A reply whose first content has come: from here on no other deployment may answer. */
export interface OpenReply {
  readonly alias: string;
  readonly deployment: Deployment;
  /** As they were sent. */
  readonly messages: readonly ChatMessage[];
  readonly context: FitReport | undefined;
  /** What was read of the stream already. */
  readonly first: Delta | ProviderEnd;
  /** The rest of it. */
  readonly stream: Pick<ProviderStream, 'next'>;
  /** Tells the routing that the stream broke off. */
  failed(failure: ProviderFailure): void;
  /** Ends the request if it still runs. */
  close(): void;
}

export interface ReplyOptions {
  readonly clients: Clients;
  readonly quirks: QuirkBook;
  readonly gathering: Gathering;
  readonly request: ChatRequest;
  readonly inputTokens: number;
  readonly prepare: (attempt: Attempt, quirks: Quirks) => Promise<Prepared>;
  /** Tokens of a prompt, for what a refusal may teach. */
  readonly count: (messages: readonly ChatMessage[], deployment: Deployment) => Promise<number>;
}

/** Asks one deployment and waits for its first content; undefined when the signal aborted before. */
export async function openReply(attempt: Attempt, options: ReplyOptions): Promise<OpenReply | undefined> {
  const { deployment } = attempt;
  const protocol = await protocolOf(deployment.provider);
  for (;;) {
    const quirks = options.quirks.of(deployment);
    const { messages, context, replyTokens: maxTokens } = await options.prepare(attempt, quirks);
    const question: Question = { deployment, request: options.request, messages, maxTokens, quirks };
    const body = protocol.body(question);
    try {
      return await ask(attempt, options, protocol, { body, question, context });
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const inputTokens = error.kind === 'context_window' ? await options.count(messages, deployment) : 0;
      if (!options.quirks.learn(deployment, error, { body, inputTokens })) throw error;
    }
  }
}

/** Their APIs know the templates of their models. */
const OWN_MODELS = new Set<ProviderType>(['openai', 'azure', 'anthropic', 'gemini']);
/** They may have no parser for the way in which a model calls tools; those of hosted models have theirs. */
const WITHOUT_PARSER = new Set<ProviderType>(['vllm', 'ollama', 'lmstudio', 'llamacpp', 'localai', 'compatible']);

interface Asked extends Pick<Prepared, 'context'> {
  readonly body: Body;
  readonly question: Question;
}

async function ask(
  attempt: Attempt,
  options: ReplyOptions,
  protocol: Protocol,
  { body, question, context }: Asked,
): Promise<OpenReply | undefined> {
  const { deployment, state, signal } = attempt;
  const { clients, request } = options;
  const { messages, quirks } = question;
  return booked(attempt, options.inputTokens, async (key, release) => {
    const send = (end: AbortSignal) => protocol.ask(clients, deployment.provider, key, body, end);
    const stream = new ProviderStream(send, protocol.reader(question), signal, {
      stallMs: deployment.stallMs,
      ...((!protocol.takesStop || quirks.without?.includes('stop')) && { stop: request.stop }),
      json: request.output !== undefined,
      template: OWN_MODELS.has(deployment.provider.type)
        ? undefined
        : {
            tools: readsCalls(deployment.provider) ? (request.tools ?? []) : [],
            thoughts: {
              known: quirks.opensThoughts ?? false,
              learn: (opens) => options.quirks.noteThoughts(deployment, opens),
            },
          },
      finishes: {
        known: quirks.finishes,
        learn: (finishes) => options.quirks.noteFinishes(deployment, finishes),
      },
      gathering: options.gathering,
    });
    const close = () => {
      release();
      stream.close();
    };
    let first: Delta | ProviderEnd | undefined;
    try {
      first = await stream.next();
      if (first?.type === 'end') checkEmpty(first, request);
    } catch (error) {
      close();
      throw error;
    }
    if (!first) {
      close();
      return undefined;
    }
    const failed = (failure: ProviderFailure) => state.failed(Date.now(), failure, key);
    return { alias: attempt.alias.id, deployment, messages, context, first, stream, failed, close };
  });
}

/** Whether calls that stand in the text are read: chat completions know no other place for them. */
const readsCalls = ({ api, type }: Provider): boolean => api !== 'responses' && WITHOUT_PARSER.has(type);

/** A reply without a word is one only where a word that ends it may have been its first, or its limit has cut it. */
function checkEmpty({ reason }: ProviderEnd, { stop = [] }: ChatRequest): void {
  if (reason === 'content_filter') throw new ProviderFailure('content_policy', 'the reply was withheld');
  if (reason === 'length' || stop.length > 0) return;
  throw new ProviderFailure('empty', `the reply ended with ${reason} and without a word`);
}
