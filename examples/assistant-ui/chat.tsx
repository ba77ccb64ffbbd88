import {
  ActionBarPrimitive as ActionBar,
  AssistantRuntimeProvider,
  ComposerPrimitive as Composer,
  MessagePrimitive as Message,
  ThreadPrimitive as Thread,
} from '@assistant-ui/react';
import { createSextant } from '@sextant/client';
import { useSextantRuntime } from '@sextant/client/assistant-ui';
import { SextantProvider } from '@sextant/client/react';
import { createRoot } from 'react-dom/client';
import { signedIn } from '../sign-in.ts';

const sextant = createSextant();

/** Shows a message with what can be done about it, or the field in which it is edited. */
function One({ role, isEditing }: { readonly role: string; readonly isEditing: boolean }) {
  if (isEditing) {
    return (
      <Composer.Root>
        <Composer.Input aria-label="Edited message" /> <Composer.Send>Save</Composer.Send>
      </Composer.Root>
    );
  }
  return (
    <Message.Root>
      <div className={role}>
        <Message.Attachments>
          {({ attachment: { name, content: [part] = [] } }) =>
            part?.type === 'image' && <img src={part.image} alt={name} width={160} />
          }
        </Message.Attachments>
        <Message.Parts />
      </div>
      <ActionBar.Root>
        {role === 'user' ? <ActionBar.Edit>Edit</ActionBar.Edit> : <ActionBar.Reload>Regenerate</ActionBar.Reload>}
      </ActionBar.Root>
    </Message.Root>
  );
}

function Chat({ id }: { readonly id: string }) {
  const runtime = useSextantRuntime(id);
  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <Thread.Root>
        <Thread.Messages>
          {({ message: { role, composer } }) => <One role={role} isEditing={composer.isEditing} />}
        </Thread.Messages>
        <Composer.Root>
          <Composer.Attachments>{({ attachment }) => <small>{attachment.name}</small>}</Composer.Attachments>
          <Composer.Input aria-label="Message" /> <Composer.AddAttachment>Attach</Composer.AddAttachment>{' '}
          <Composer.Send>Send</Composer.Send> <Composer.Cancel>Stop</Composer.Cancel>
        </Composer.Root>
      </Thread.Root>
    </AssistantRuntimeProvider>
  );
}

await signedIn(sextant);
// The address names the conversation, so that a reload goes on with it.
location.hash ||= (await sextant.startConversation()).id;
createRoot(document.querySelector('#root')!).render(
  <SextantProvider sextant={sextant}>
    <Chat id={location.hash.slice(1)} />
  </SextantProvider>,
);
