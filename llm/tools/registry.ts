import { z } from 'zod';
import { beginningOf } from '#platform/base/text/text.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { Source, ToolCall, ToolDefinition } from '../messages.ts';

/** A tool that this server runs. Its arguments are checked by the schema before it sees them. */
export interface ServerTool<Parameters extends z.ZodType = z.ZodType> {
  /** Letters, digits, _ and -, at most 64. */
  readonly name: string;
  /** Tells the model when to call it. */
  readonly description: string;
  readonly parameters: Parameters;
  /** Longest run in milliseconds. Default 15 000. */
  readonly timeoutMs?: number;
  /**
   * What it gives is told to the model as JSON; a string and the text of a Quotation as they are.
   * `signal` aborts with the call and at the time limit.
   */
  run(args: z.infer<Parameters>, context: ToolContext): Promise<unknown>;
}

/** A tool that the client runs: the reply waits for its result. */
export interface ClientTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether the provider shall hold the arguments to the schema exactly. Undefined: as the provider does by itself. */
  readonly strict?: boolean;
}

/** A tool of another server: what it is and what it gives are that server's words. */
export interface OutsideTool {
  /** As the model calls it: letters, digits, _ and -, at most 64. */
  readonly name: string;
  /** Name of the tool server, as llm.yaml has it. */
  readonly server: string;
  readonly description: string;
  /** JSON Schema of an object, as its server gave it. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether it is called with an account of the person who asks: what it gives is that person's. */
  readonly isPersonal: boolean;
  /** Whether a person must allow each call. */
  readonly asks: boolean;
  /** Digest of what its server says of it: a tool that was allowed is not another one of the same name. */
  readonly version: string;
  readonly timeoutMs: number;
  /** What it gives is told to the model as it is. @throws {ToolFailure} with what the model is told. */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<string>;
}

/** The failure of a tool, in words for the model: it holds no secrets. */
export class ToolFailure extends Error {
  override name = 'ToolFailure';
}

/** The result of a tool that quotes sources, which the reply may refer to. */
export class Quotation {
  readonly text: string;
  /** What `text` quotes, for providers that say what they cite. */
  readonly sources: readonly Source[];

  constructor(text: string, sources: readonly Source[]) {
    this.text = text;
    this.sources = sources;
  }
}

export interface ToolContext {
  readonly identity: Identity;
  readonly signal: AbortSignal;
}

/** The result of a tool call; `content` is what the model is told. */
export interface ToolResult {
  readonly callId: string;
  readonly name: string;
  readonly status: 'ok' | 'failed' | 'timed_out' | 'invalid_arguments' | 'unknown_tool';
  readonly content: string;
  readonly sources?: readonly Source[];
  readonly durationMs: number;
}

const NAME = /^[\w-]{1,64}$/;
const DEFAULT_TIMEOUT_MS = 15_000;
/** More than this no model reads with profit, and it would fill the window. */
const MAX_CHARACTERS = 100_000;

/** The tools that models may call. */
export class ToolRegistry {
  readonly #server = new Map<string, ServerTool>();
  readonly #client = new Map<string, ClientTool>();
  readonly #outside = new Map<string, OutsideTool>();

  /** @throws Error for a name that is taken or no name. */
  addServer<Parameters extends z.ZodType>(tool: ServerTool<Parameters>): this {
    this.#check(tool.name);
    this.#server.set(tool.name, tool as unknown as ServerTool);
    return this;
  }

  /** @throws Error for a name that is taken or no name. */
  addClient(tool: ClientTool): this {
    this.#check(tool.name);
    this.#client.set(tool.name, tool);
    return this;
  }

  /** @throws Error for a name that is taken or no name. */
  addOutside(tool: OutsideTool): this {
    this.#check(tool.name);
    this.#outside.set(tool.name, tool);
    return this;
  }

  /** This registry with a client's own tools beside it; a client cannot take the name of a server's tool. */
  with(clientTools: readonly ClientTool[]): ToolRegistry {
    const combined = new ToolRegistry();
    for (const tool of this.#server.values()) combined.addServer(tool);
    for (const tool of this.#outside.values()) combined.addOutside(tool);
    for (const tool of [...this.#client.values(), ...clientTools]) combined.addClient(tool);
    return combined;
  }

  get size(): number {
    return this.#server.size + this.#client.size + this.#outside.size;
  }

  /** As a request to a model takes them. */
  definitions(): ToolDefinition[] {
    const define = (
      name: string,
      description: string,
      parameters: Readonly<Record<string, unknown>>,
      strict?: boolean,
    ): ToolDefinition => ({
      type: 'function',
      function: { name, description, parameters, ...(strict !== undefined && { strict }) },
    });
    return [
      ...[...this.#server.values()].map((tool) =>
        define(tool.name, tool.description, z.toJSONSchema(tool.parameters) as Record<string, unknown>),
      ),
      ...[...this.#outside.values()].map((tool) => define(tool.name, tool.description, tool.parameters)),
      ...[...this.#client.values()].map((tool) => define(tool.name, tool.description, tool.parameters, tool.strict)),
    ];
  }

  /** Whether the client must run it. */
  isClient(name: string): boolean {
    return this.#client.has(name);
  }

  /** The tool of another server that has this name. */
  outside(name: string): OutsideTool | undefined {
    return this.#outside.get(name);
  }

  /** Whether the reply ends with a call of it: the client must run it, or a person must allow it. */
  isHeld(name: string): boolean {
    return this.isClient(name) || this.#outside.get(name)?.asks === true;
  }

  /**
   * Runs a tool of this server or of another one. Never throws: a failure is a result that tells the model what went
   * wrong, and no secrets.
   */
  async run(call: ToolCall, context: ToolContext): Promise<ToolResult> {
    const startedAt = performance.now();
    const { name } = call.function;
    const result = (status: ToolResult['status'], content: string): ToolResult => ({
      callId: call.id,
      name,
      status,
      content: content.length > MAX_CHARACTERS ? `${beginningOf(content, MAX_CHARACTERS)} … (cut)` : content,
      durationMs: Math.round(performance.now() - startedAt),
    });
    const tool = this.#server.get(name) ?? this.#outside.get(name);
    if (!tool) return result('unknown_tool', `There is no tool named ${name}.`);
    const args = parseArguments(tool, call.function.arguments);
    if (!args.success) return result('invalid_arguments', `The arguments are wrong: ${args.problem}`);
    const limit = AbortSignal.timeout(tool.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = AbortSignal.any([context.signal, limit]);
    try {
      // Each kind of tool takes what its own schema let pass.
      const run = tool.run as (args: unknown, context: ToolContext) => Promise<unknown>;
      const value = await Promise.race([run.call(tool, args.value, { ...context, signal }), aborted(signal)]);
      if (value instanceof Quotation) return { ...result('ok', value.text), sources: value.sources };
      return result('ok', typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'));
    } catch (error) {
      if (limit.aborted)
        return result('timed_out', `The tool did not finish in ${tool.timeoutMs ?? DEFAULT_TIMEOUT_MS} ms.`);
      return result('failed', error instanceof ToolFailure ? error.message : 'The tool failed.');
    }
  }

  #check(name: string): void {
    if (!NAME.test(name)) throw new Error(`${name} is not a name for a tool: use letters, digits, _ and -, at most 64`);
    if (this.#server.has(name) || this.#client.has(name) || this.#outside.has(name))
      throw new Error(`there is a tool named ${name} already`);
  }
}

type Parsed =
  | { readonly success: true; readonly value: unknown }
  | { readonly success: false; readonly problem: string };

/** Models write malformed JSON and wrong types: they can correct what they are told. */
function parseArguments(tool: ServerTool | OutsideTool, text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text === '' ? '{}' : text);
  } catch {
    return { success: false, problem: 'they are not JSON' };
  }
  if (!isSchema(tool.parameters)) {
    // What it says beyond that is its server's to check: a pattern in a stranger's schema can take for ever.
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? { success: true, value: json }
      : { success: false, problem: 'they are not a JSON object' };
  }
  const parsed = tool.parameters.safeParse(json);
  if (parsed.success) return { success: true, value: parsed.data };
  return {
    success: false,
    problem: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'they'}: ${issue.message}`).join('; '),
  };
}

const isSchema = (parameters: ServerTool['parameters'] | OutsideTool['parameters']): parameters is z.ZodType =>
  parameters instanceof z.ZodType;

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
