import { readFile } from 'node:fs/promises';
import { buildSchema, findBreakingChanges, findDangerousChanges, type GraphQLSchema } from 'graphql';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { CommandError } from '../report.ts';
import { supergraphFile } from '../serving/addresses.ts';

/** The changes for clients from one schema to the next, in sentences. */
export interface SchemaChanges {
  /** Operations that were valid are not any more, or answers have another shape. */
  readonly breaking: readonly string[];
  /** Operations stay valid, but code that handles the answers may meet what it does not know, such as a new value. */
  readonly dangerous: readonly string[];
}

/** Returns what the next schema takes from clients of the old one, or may surprise them with. */
export function schemaChanges(old: GraphQLSchema, next: GraphQLSchema): SchemaChanges {
  const described = (changes: readonly { description: string }[]) =>
    changes.map(({ description }) => description).sort();
  return {
    breaking: described(findBreakingChanges(old, next)),
    dangerous: described(findDangerousChanges(old, next)),
  };
}

const TIMEOUT_MS = 30_000;

/**
 * Compares the graph of this installation with an earlier one and prints what changed for clients.
 *
 * @param old a file with the schema that clients see, or the URL of one: a running product has `/schema.graphql`.
 * @throws {CommandError} when there are breaking changes, or dangerous ones where those are refused too.
 */
export async function checkSchema(root: string, old: string, refuseDangerous: boolean): Promise<void> {
  const before = schemaOf(old, await read(old));
  const supergraph = await loadSupergraph({ file: supergraphFile(loadConfig(process.env, root)) });
  const { breaking, dangerous } = schemaChanges(before, supergraph.apiSchema);
  for (const change of breaking) console.log(`breaking   ${change}`);
  for (const change of dangerous) console.log(`dangerous  ${change}`);
  const found = `${breaking.length} breaking and ${dangerous.length} dangerous changes since ${old}`;
  if (breaking.length > 0 || (refuseDangerous && dangerous.length > 0)) throw new CommandError(`${found}.`);
  console.log(`${found}.`);
}

async function read(source: string): Promise<string> {
  try {
    if (!/^https?:/.test(source)) return await readFile(source, 'utf8');
    const response = await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered with the status ${response.status}`);
    return await response.text();
  } catch (error) {
    throw new CommandError(`${source} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function schemaOf(source: string, sdl: string): GraphQLSchema {
  try {
    return buildSchema(sdl);
  } catch (error) {
    throw new CommandError(
      `${source} is not a schema that clients see (${error instanceof Error ? error.message : error}). Give a ` +
        'schema.graphql, or the URL of one, such as http://localhost:4000/schema.graphql.',
    );
  }
}
