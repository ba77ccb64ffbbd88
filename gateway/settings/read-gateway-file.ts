import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { GatewayFileError } from './error.ts';
import type { GatewayFile } from './gateway-file.ts';
import { gatewayFile } from './gateway-file-shape.ts';
import { expandVariables } from './variables.ts';

/**
 * Reads a gateway.yaml, `${env.NAME}` expanded as in a supergraph.yaml.
 *
 * @throws {GatewayFileError} with a line for every wrong entry: where it is, and what is allowed there.
 */
export async function readGatewayFile(
  file: string,
  env: Record<string, string | undefined> = process.env,
): Promise<GatewayFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new GatewayFileError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return parseGatewayFile(text, file, env);
}

/** Parses the text of a gateway.yaml. @throws {GatewayFileError} */
export function parseGatewayFile(text: string, name: string, env: Record<string, string | undefined>): GatewayFile {
  const expanded = expandVariables(text, env);
  if (expanded.missing.length > 0) {
    throw new GatewayFileError(
      expanded.missing.map((v) => `${name} uses \${env.${v}}, but ${v} is not in the environment.`).join('\n'),
    );
  }
  let raw: unknown;
  try {
    raw = parseYaml(expanded.text) ?? {};
  } catch (error) {
    throw new GatewayFileError(`${name} is not YAML: ${(error as Error).message.replace(/\s*\n\s*/g, ' ')}`);
  }
  const parsed = gatewayFile.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new GatewayFileError(parsed.error.issues.map((issue) => `${name}: ${lineOf(issue, [])}`).join('\n'));
}

type Issue = z.core.$ZodIssue;

/** What is wrong in one place. Of alternatives the one counts that was meant, if it can be told. */
function lineOf(issue: Issue, above: readonly PropertyKey[]): string {
  const place = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((issues) => issues.length === 1).map(([only]) => only!);
    const nearest = meant.find(({ path }) => path.length > 0) ?? meant.find(({ code }) => code === 'custom');
    if (nearest) return lineOf(nearest, place);
  }
  const at = place.join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return `${at} has ${issue.keys.join(', ')}, which is not a setting`;
  return `${at} is wrong; allowed: ${issue.message}`;
}
