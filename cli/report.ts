import { GatewayFileError } from '#gateway/settings/error.ts';
import { SupergraphError } from '#gateway/supergraph/error.ts';
import { ConfigError } from '#platform/base/config/config-error.ts';
import { FilesInUse } from '#platform/data/blobs/file-use.ts';
import { DirectoryInUseError } from '#platform/data/database/directory-lock.ts';
import { DatabaseError } from '#platform/data/database/error.ts';
import { DefinitionError } from '#platform/host/definition-error.ts';
import { ListenError } from '#platform/net/http/listen.ts';

/** The error of wrong input to a command; the message is all that the user needs to see. */
export class CommandError extends Error {
  override name = 'CommandError';
}

const EXPECTED = [
  CommandError,
  ConfigError,
  DatabaseError,
  DefinitionError,
  DirectoryInUseError,
  FilesInUse,
  GatewayFileError,
  ListenError,
  SupergraphError,
];

/** Ends the command with what went wrong: one clear line where it was foreseen, the whole error where it was not. */
export function report(error: unknown): void {
  process.exitCode = 1;
  if (EXPECTED.some((kind) => error instanceof kind)) console.error((error as Error).message);
  else console.error(error);
}
