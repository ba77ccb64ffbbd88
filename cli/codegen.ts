import path from 'node:path';
import { makeArtefacts } from './artefacts/artefacts.ts';

await makeArtefacts(path.dirname(import.meta.dirname));
