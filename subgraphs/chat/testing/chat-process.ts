/**
 * A process of chat that is there to be killed: it sends messages and reads the replies, and says on standard output,
 * as lines of JSON, what was acknowledged and what a reader saw.
 *
 * node chat-process.ts <directory> <provider> <conversations>
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { ChatWorld, person } from './chat-world.ts';

/** What the process says. */
export type Line =
  | {
      readonly sent: {
        readonly userId: string;
        readonly conversationId: string;
        readonly messageId: string;
        readonly replyId: string;
      };
    }
  | { readonly saw: { readonly replyId: string; readonly text: string; readonly status?: string } };

const [directory, provider, conversations] = process.argv.slice(2);
// Written before anything else happens: a killed process loses what it has only buffered.
const say = (line: Line): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const world = await ChatWorld.open({ directory: directory!, env: { LOCAL_LLM_ENDPOINT: provider! } });
await Promise.all(
  Array.from({ length: Number(conversations) }, async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    // As a client does: what could not be taken at the moment is sent again under the same id.
    const message = { conversationId, clientMessageId: randomUUID() };
    let answer = await world.send(anna, message);
    while (answer.code === 'SERVICE_UNAVAILABLE') answer = await world.send(anna, message);
    if (!answer.data?.sendMessage) throw new Error(`${answer.code}: ${answer.message}`);
    const { message: sent, reply } = answer.data.sendMessage;
    const replyId = reply!.id;
    say({ sent: { userId: anna.userId, conversationId, messageId: sent.id, replyId } });
    let text = '';
    for await (const event of world.follow(anna, replyId)) {
      if (event.__typename === 'ReplyText') {
        text += event.text;
        say({ saw: { replyId, text } });
      }
      if (event.__typename === 'ReplyEnd') say({ saw: { replyId, text, status: event.status } });
    }
  }),
);
