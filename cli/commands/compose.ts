import path from 'node:path';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';

/** Prints the supergraph composed of a configuration file, or the schema that clients see. */
export async function compose(file: string, api: boolean): Promise<void> {
  const supergraph = await loadSupergraph({ file: path.resolve(file) });
  process.stdout.write(api ? supergraph.apiSdl() : `${supergraph.sdl.trimEnd()}\n`);
}
