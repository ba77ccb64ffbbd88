import { useChat } from '@ai-sdk/react';
import { createSextant } from '@sextant/client';
import { readUIMessages, sextantTransport } from '@sextant/client/ai-sdk';
import type { UIMessage } from 'ai';
import { createRoot } from 'react-dom/client';
import { signedIn } from '../sign-in.ts';

const sextant = createSextant();
const transport = sextantTransport(sextant);

function Chat({ id, before }: { readonly id: string; readonly before: UIMessage[] }) {
  const { messages, sendMessage, error } = useChat({ id, transport, messages: before, resume: true });
  const send = (form: FormData) => void sendMessage({ text: String(form.get('text')) });
  return (
    <>
      {messages.map(({ id, role, parts }) => (
        <p key={id} className={role}>
          {parts.map((part) => (part.type === 'text' ? part.text : ''))}
        </p>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form action={send}>
        <input name="text" aria-label="Message" autoComplete="off" required /> <button type="submit">Send</button>
      </form>
    </>
  );
}

await signedIn(sextant);
// The address names the conversation, so that a reload goes on with it.
location.hash ||= (await sextant.startConversation()).id;
const id = location.hash.slice(1);
createRoot(document.querySelector('#root')!).render(<Chat id={id} before={await readUIMessages(sextant, id)} />);
