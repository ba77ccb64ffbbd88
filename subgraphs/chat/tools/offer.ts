import type { ChatRequest } from '#llm/requests.ts';
import type { ClientTool } from '#llm/tools/registry.ts';
import { badInput } from '#platform/base/errors/errors.ts';
import type { JsonObject } from '#platform/base/json/json.ts';
import type { Prisma } from '#prisma/chat/client/client.ts';

/** Tools that chat runs itself. */
export const SERVER_TOOLS = ['CURRENT_TIME', 'SEARCH_MEMORY', 'SEARCH_KNOWLEDGE', 'WEB_SEARCH', 'WEB_FETCH'] as const;
export type ServerToolName = (typeof SERVER_TOOLS)[number];

export type ResponseFormat = NonNullable<ChatRequest['output']>;

/** The tools that a model may call for a reply, and the form that its text must have. Stored as JSON in this shape. */
export interface Offer {
  readonly tools?: readonly ClientTool[];
  readonly serverTools?: readonly ServerToolName[];
  /** Names of tool servers; absent: those of the conversation. */
  readonly toolServers?: readonly string[];
  readonly format?: ResponseFormat;
  /**
   * Whether the reply draws on memory and knowledge; absent: as the conversation says, while no other user takes part.
   */
  readonly memory?: boolean;
}

/** The offer as GraphQL hands it in. */
export interface OfferInput {
  readonly tools?: readonly ToolInput[] | null;
  readonly serverTools?: readonly ServerToolName[] | null;
  readonly toolServers?: readonly string[] | null;
  readonly responseFormat?: ResponseFormatInput | null;
  readonly useMemory?: boolean | null;
}

export interface ToolInput {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
  readonly strict?: boolean | null;
}

export interface ResponseFormatInput {
  readonly type: 'TEXT' | 'JSON' | 'JSON_SCHEMA';
  readonly name?: string | null;
  readonly schema?: unknown;
  readonly strict?: boolean | null;
}

const NAME = /^[\w-]{1,64}$/;
const MAX_TOOLS = 32;
const MAX_DESCRIPTION = 4_096;
/** Most bytes of one JSON Schema, as JSON. */
const MAX_SCHEMA_BYTES = 16 * 1024;
/** Most bytes of everything together, as JSON: it goes into every prompt. */
const MAX_OFFER_BYTES = 64 * 1024;

/** Returns what of a request is about tools and form. */
export const offered = ({ tools, serverTools, toolServers, responseFormat, useMemory }: OfferInput): OfferInput => ({
  tools: tools ?? null,
  serverTools: serverTools ?? null,
  ...(toolServers != null && { toolServers }),
  responseFormat: responseFormat ?? null,
  ...(useMemory != null && { useMemory }),
});

/**
 * Checks what a request offers: tools and the form of the answer.
 *
 * @param inherited what holds for what is left out.
 * @throws {CodedError} BAD_USER_INPUT naming the field and its limit.
 */
export function checkOffer(input: OfferInput, inherited: Offer = {}): Offer {
  const tools = input.tools == null ? inherited.tools : checkTools(input.tools);
  const serverTools = input.serverTools == null ? inherited.serverTools : [...new Set(input.serverTools)];
  const toolServers = input.toolServers == null ? inherited.toolServers : [...new Set(input.toolServers)];
  const format = input.responseFormat == null ? inherited.format : checkFormat(input.responseFormat);
  const memory = input.useMemory ?? inherited.memory;
  const offer: Offer = {
    ...(tools?.length && { tools }),
    ...(serverTools?.length && { serverTools }),
    // An empty list says that none is wanted, whatever the conversation has.
    ...(toolServers && { toolServers }),
    ...(format && { format }),
    ...(memory !== undefined && { memory }),
  };
  const bytes = Buffer.byteLength(JSON.stringify(offer));
  if (bytes > MAX_OFFER_BYTES) {
    throw badInput('input.tools', `are ${bytes} bytes of JSON together; at most ${MAX_OFFER_BYTES} are accepted.`);
  }
  return offer;
}

function checkTools(tools: readonly ToolInput[]): ClientTool[] {
  if (tools.length > MAX_TOOLS) {
    throw badInput('input.tools', `are ${tools.length}; at most ${MAX_TOOLS} are accepted.`);
  }
  const taken = new Set<string>(SERVER_TOOLS.map((name) => name.toLowerCase()));
  return tools.map(({ name, description, parameters, strict }, index) => {
    const argument = `input.tools.${index}`;
    if (!NAME.test(name)) throw badInput(`${argument}.name`, 'takes 1 to 64 letters, digits, _ and -.');
    if (taken.has(name)) throw badInput(`${argument}.name`, `is ${name}, which another tool is called; rename it.`);
    taken.add(name);
    if (description.trim() === '' || description.length > MAX_DESCRIPTION) {
      throw badInput(`${argument}.description`, `takes 1 to ${MAX_DESCRIPTION} characters.`);
    }
    const schema = checkSchema(`${argument}.parameters`, parameters);
    return { name, description, parameters: schema, ...(strict != null && { strict }) };
  });
}

/** Undefined for plain text. */
function checkFormat({ type, name, schema, strict }: ResponseFormatInput): ResponseFormat | undefined {
  const argument = 'input.responseFormat';
  if (type !== 'JSON_SCHEMA') {
    if (schema != null) throw badInput(`${argument}.schema`, 'goes with the type JSON_SCHEMA only.');
    return type === 'JSON' ? { type: 'json' } : undefined;
  }
  const called = name ?? 'reply';
  if (!NAME.test(called)) throw badInput(`${argument}.name`, 'takes 1 to 64 letters, digits, _ and -.');
  return {
    type: 'json_schema',
    name: called,
    schema: checkSchema(`${argument}.schema`, schema),
    ...(strict != null && { strict }),
  };
}

/** A JSON Schema of an object. What it says beyond that is the provider's to understand. */
function checkSchema(argument: string, schema: unknown): JsonObject {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw badInput(argument, 'is not a JSON Schema: give an object, such as {"type": "object", "properties": {…}}.');
  }
  if ((schema as JsonObject)['type'] !== 'object') {
    throw badInput(argument, 'must describe an object: its "type" must be "object".');
  }
  const json = JSON.stringify(schema);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_SCHEMA_BYTES) {
    throw badInput(argument, `is ${bytes} bytes of JSON; at most ${MAX_SCHEMA_BYTES} are accepted.`);
  }
  return schema as JsonObject;
}

/** Returns an offer as it lies in a JSON column. */
export const storedOffer = (stored: Prisma.JsonValue): Offer => stored as unknown as Offer;

/** Returns an offer for a JSON column. */
export const offerAsJson = (offer: Offer): Prisma.InputJsonObject => offer as unknown as Prisma.InputJsonObject;
