import path from 'node:path';
import { makeArtefacts } from './artefacts.ts';

await makeArtefacts(path.dirname(import.meta.dirname));
