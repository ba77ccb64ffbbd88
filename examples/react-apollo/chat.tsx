import { ApolloClient, gql, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { ApolloProvider, useMutation, useQuery, useSubscription } from '@apollo/client/react';
import { createSextant } from '@sextant/client';
import { sextantLink } from '@sextant/client/apollo';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { signedIn } from '../sign-in.ts';

interface Message {
  readonly id: string;
  readonly role: 'USER' | 'ASSISTANT';
  readonly status: string;
  readonly text: string;
}

// In an application codegen writes these types.
const READ: TypedDocumentNode<{ conversation: { messages: { nodes: Message[] } } }> = gql`
  query Read($id: ID!) { conversation(id: $id) { id messages(last: 50) { nodes { id role status text } } } }`;
const SEND: TypedDocumentNode<{ sendMessage: { reply: { id: string } } }> = gql`
  mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }`;
const FOLLOW: TypedDocumentNode<{ messageStream: { firstSeq?: number; text?: string } }> = gql`
  subscription Follow($id: ID!) { messageStream(id: $id) { ... on ReplyText { id firstSeq text } } }`;

function Chat({ id }: { readonly id: string }) {
  const { data, refetch } = useQuery(READ, { variables: { id } });
  const [send] = useMutation(SEND);
  const [text, setText] = useState('');
  const messages = data?.conversation.messages.nodes ?? [];
  const open = messages.find(({ status }) => status === 'PENDING' || status === 'STREAMING');
  useSubscription(FOLLOW, {
    variables: { id: open?.id },
    skip: !open,
    onData: ({ data }) => {
      // A piece has a place: after a cut the stream comes back with all of the text so far.
      const { firstSeq, text = '' } = data.data!.messageStream;
      if (firstSeq) setText((before) => before.slice(0, firstSeq - 1) + text);
    },
    onComplete: () => void refetch(),
  });
  const submit = async (form: FormData) => {
    setText('');
    const input = { conversationId: id, clientMessageId: crypto.randomUUID(), text: String(form.get('text')) };
    await send({ variables: { input } });
    await refetch();
  };
  return (
    <>
      {messages.map((message) => (
        <p key={message.id} className={message.role.toLowerCase()}>
          {message === open ? text : message.text}
        </p>
      ))}
      <form action={submit}>
        <input name="text" aria-label="Message" autoComplete="off" required /> <button type="submit">Send</button>
      </form>
    </>
  );
}

const sextant = createSextant();
await signedIn(sextant);
location.hash ||= (await sextant.startConversation()).id;
const client = new ApolloClient({
  link: sextantLink(sextant),
  cache: new InMemoryCache(),
  // What is read again after a message was sent must not share an answer that was asked for before.
  queryDeduplication: false,
});
createRoot(document.querySelector('#root')!).render(
  <ApolloProvider client={client}>
    <Chat id={location.hash.slice(1)} />
  </ApolloProvider>,
);
