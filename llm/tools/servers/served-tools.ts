import { createHash } from 'node:crypto';
import type { Tool } from '@modelcontextprotocol/client';
import { beginningOf } from '#platform/base/text/text.ts';
import type { ToolServerSettings } from '../../catalogue/tool-server-settings.ts';
import type { OutsideTool } from '../registry.ts';

/** A tool as its server lists it, checked and named for models. */
export interface ServedTool extends Omit<OutsideTool, 'run' | 'timeoutMs' | 'isPersonal'> {
  /** Its server's own name of it. */
  readonly original: string;
}

/** Ends the name of the server in the name of a tool. */
const SEPARATOR = '__';
/** Most tools of one server that are offered; providers take 128 of all. */
const MAX_TOOLS = 64;
const MAX_DESCRIPTION = 1_024;
/** Most bytes of one schema, as JSON: it goes into every prompt. */
const MAX_SCHEMA_BYTES = 16 * 1024;
const MAX_SCHEMAS_BYTES = 64 * 1024;
const MAX_NAME = 64;

/**
 * Returns the tools of a list that models may call, and says what was left out. A list is a stranger's: it may be
 * huge, name two tools alike, or hold schemas that no provider takes.
 */
export function servedTools(
  server: string,
  settings: ToolServerSettings,
  listed: readonly Tool[],
): { readonly tools: readonly ServedTool[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const allowed = listed.filter(({ name }) => settings.tools?.includes(name) ?? true);
  for (const name of settings.tools ?? [])
    if (!listed.some((tool) => tool.name === name)) problems.push(`it has no tool ${JSON.stringify(name)}`);
  const tools = new Map<string, ServedTool>();
  let bytes = 0;
  let full = 0;
  for (const tool of allowed) {
    const schema = tool.inputSchema as Readonly<Record<string, unknown>>;
    const size = Buffer.byteLength(JSON.stringify(schema));
    if (size > MAX_SCHEMA_BYTES) {
      problems.push(`the schema of ${shown(tool.name)} has ${size} bytes; at most ${MAX_SCHEMA_BYTES} are offered`);
      continue;
    }
    if (tools.size >= MAX_TOOLS || bytes + size > MAX_SCHEMAS_BYTES) {
      full++;
      continue;
    }
    const name = nameFor(server, tool.name);
    if (tools.has(name)) {
      problems.push(`it has two tools called ${shown(tool.name)}; the first is offered`);
      continue;
    }
    bytes += size;
    const description = `[${server}] ${beginningOf(tool.description ?? tool.title ?? tool.name, MAX_DESCRIPTION)}`;
    const asks = asksFor(settings, tool.name, tool.annotations);
    const version = digest([tool.name, tool.description, schema, tool.annotations]);
    tools.set(name, { name, original: tool.name, server, description, parameters: schema, asks, version });
  }
  if (full > 0) {
    problems.push(
      `${full} of its ${allowed.length} tools have no room; name those that you need under tools (at most ${MAX_TOOLS})`,
    );
  }
  return { tools: [...tools.values()], problems };
}

/** The server's name goes first, so that no tool takes the name of another server's or of the product's. */
function nameFor(server: string, tool: string): string {
  const name = `${server}${SEPARATOR}${tool.replace(/[^\w-]/g, '_')}`;
  if (name.length <= MAX_NAME && /^[\w-]+$/.test(tool)) return name;
  const mark = `_${digest([tool]).slice(0, 8)}`;
  return name.slice(0, MAX_NAME - mark.length) + mark;
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').replaceAll('-', '_').slice(0, 22);

const shown = (name: string): string => JSON.stringify(beginningOf(name, 100));

/** Returns whether a tool waits for a person. What its server says of it counts only where nothing else is written. */
function asksFor(
  { confirm, confirm_tools: confirmed, trusted_tools: trusted }: ToolServerSettings,
  tool: string,
  hints: { readonly readOnlyHint?: boolean | undefined; readonly destructiveHint?: boolean | undefined } = {},
): boolean {
  if (confirmed.includes(tool)) return true;
  if (trusted.includes(tool)) return false;
  if (confirm !== 'writes') return confirm === 'always';
  return hints.readOnlyHint !== true || hints.destructiveHint === true;
}
