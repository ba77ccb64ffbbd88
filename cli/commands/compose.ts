import path from 'node:path';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { supergraphFile } from '../serving/addresses.ts';

/**
 * Prints the supergraph composed of a configuration file, or the schema that clients see.
 *
 * @param file left out: SUPERGRAPH_FILE.
 */
export async function compose(root: string, file: string | undefined, api: boolean): Promise<void> {
  const composed = file === undefined ? supergraphFile(loadConfig(process.env, root)) : path.resolve(file);
  const supergraph = await loadSupergraph({ file: composed });
  process.stdout.write(api ? supergraph.apiSdl() : `${supergraph.sdl.trimEnd()}\n`);
}
