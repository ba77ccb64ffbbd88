import { setFlagsFromString } from 'node:v8';

/** What is used here of the functions that PGlite's module exports. */
interface PostgresExports {
  readonly raw_parser: (text: number, mode: number) => number;
  readonly emscripten_stack_get_current: () => number;
  readonly _emscripten_stack_restore: (pointer: number) => void;
}

/** The end of the address space: reading from there traps. */
const NOWHERE = -1;

/**
 * Keeps V8 from optimising the SQL parser of a Postgres that is started before this is disposed. V8 takes 600 MB and
 * seconds of a core for that function alone, within the first seconds of every start, and 40 MB at most for any other.
 * Statements as Prisma writes them take 4 % longer.
 *
 * V8 decides it when a function is compiled first, which is when it is called first. So it is called here, with a text
 * that cannot be read, while V8 is told to optimise none.
 */
export function keepParserSmall(): Disposable {
  const { instantiate } = WebAssembly;
  const watched = async (source: WebAssembly.Module, imports?: WebAssembly.Imports): Promise<unknown> => {
    const made = (await instantiate(source, imports)) as
      | WebAssembly.Instance
      | WebAssembly.WebAssemblyInstantiatedSource;
    const { exports } = 'instance' in made ? made.instance : made;
    if ('raw_parser' in exports) compileParser(exports as unknown as PostgresExports);
    return made;
  };
  WebAssembly.instantiate = watched as typeof WebAssembly.instantiate;
  return {
    [Symbol.dispose]: () => {
      WebAssembly.instantiate = instantiate;
    },
  };
}

function compileParser({ raw_parser, emscripten_stack_get_current, _emscripten_stack_restore }: PostgresExports): void {
  const stack = emscripten_stack_get_current();
  // Function 0 is an import, which has no code.
  setFlagsFromString('--wasm-tier-up-filter=0');
  try {
    raw_parser(NOWHERE, 0);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  } finally {
    setFlagsFromString('--wasm-tier-up-filter=-1');
    _emscripten_stack_restore(stack);
  }
}
