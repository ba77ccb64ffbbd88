import { useQuery } from '@apollo/client/react';
import { Center, Loader, Text } from '@mantine/core';
import { addedWithin, More } from '../frame/more.tsx';
import { useTitle } from '../frame/title.ts';
import { Page } from '../session/page.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { Markdown } from './markdown.tsx';
import { ReadSharedDocument } from './sharing.generated.ts';

/** Shows what a link leads to, to anybody who has it. */
export function Shared() {
  const { chat } = useStrings();
  const format = useFormat();
  const token = location.hash.slice(1);
  const { data, loading, fetchMore } = useQuery(ReadSharedDocument, { variables: { token } });
  const shared = data?.sharedConversation;
  const title = shared?.title ?? chat.untitled;
  useTitle(title);
  if (!shared) {
    return (
      <Page title={chat.share}>
        {loading ? (
          <Center role="status">
            <Loader size="sm" />
          </Center>
        ) : (
          <Text role="alert">{chat.sharedGone}</Text>
        )}
      </Page>
    );
  }
  const { nodes, pageInfo } = shared.messages;
  return (
    <Page title={title} wide>
      <Text size="xs" c="dimmed" mb="md">
        {chat.sharedAt(format.time(shared.sharedAt))}
      </Text>
      <div className="messages-inner">
        {nodes.map(({ id, role, text }) => {
          const name = role === 'USER' ? chat.person : chat.assistant;
          return (
            <article key={id} className={role === 'USER' ? 'asked' : 'reply'} aria-label={name}>
              <Text size="xs" c="dimmed" className="author">
                {name}
              </Text>
              {role === 'USER' ? (
                <div className="bubble">
                  <Text className="passage" dir="auto">
                    {text}
                  </Text>
                </div>
              ) : (
                <Markdown text={text} isWriting={false} />
              )}
            </article>
          );
        })}
      </div>
      <More
        page={pageInfo}
        load={(after) =>
          fetchMore({ variables: { after }, updateQuery: addedWithin('sharedConversation', 'messages') })
        }
      />
    </Page>
  );
}
