// The thread of tesseract.js, which works in the background.
import { createRequire } from 'node:module';
import { giveWay } from '#platform/base/thread/priority.ts';

giveWay(10);
createRequire(import.meta.url)('tesseract.js/src/worker-script/node/index.js');
