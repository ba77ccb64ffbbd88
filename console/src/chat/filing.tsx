import { Button, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { CreateFolderDocument, DeleteFolderDocument, MoveChatDocument, TagChatDocument } from './filing.generated.ts';

interface Filed {
  readonly id: string;
  readonly title?: string | null;
  readonly tags: readonly string[];
  readonly folder?: { readonly id: string } | null;
}

/** Puts a conversation into a folder and gives it tags, in the list of this person alone. */
export function Filing({
  chat: filed,
  folders,
  changed,
  close,
}: {
  readonly chat: Filed;
  readonly folders: readonly { readonly id: string; readonly name: string }[];
  changed(): unknown;
  close(): void;
}) {
  const { chat, common } = useStrings();
  const [folderId, setFolderId] = useState(filed.folder?.id ?? null);
  const [name, setName] = useState('');
  const [tags, setTags] = useState([...filed.tags]);
  const [problem, setProblem] = useState<unknown>();
  const [create] = useMutation(CreateFolderDocument);
  const [remove] = useMutation(DeleteFolderDocument);
  const [move] = useMutation(MoveChatDocument);
  const [tag] = useMutation(TagChatDocument);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      const made = name.trim() === '' ? undefined : await create({ variables: { name } });
      const into = made?.data?.createFolder?.folder.id ?? folderId;
      await move({ variables: { id: filed.id, folderId: into } });
      await tag({ variables: { id: filed.id, tags } });
      await changed();
      close();
    } catch (error) {
      setProblem(error);
    }
  };
  const removeFolder = async () => {
    try {
      await remove({ variables: { id: folderId! } });
      setFolderId(null);
      await changed();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title={filed.title ?? chat.untitled}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          <Problem error={problem} />
          <Group align="flex-end" wrap="nowrap">
            <Select
              flex={1}
              label={chat.folder}
              placeholder={chat.noFolder}
              clearable
              value={folderId}
              onChange={setFolderId}
              data={folders.map((folder) => ({ value: folder.id, label: folder.name }))}
            />
            {folderId !== null && (
              <Button variant="default" onClick={() => void removeFolder()}>
                {chat.deleteFolder}
              </Button>
            )}
          </Group>
          <TextInput
            label={chat.newFolder}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TagsInput
            label={chat.tags}
            placeholder={chat.tagsHint}
            maxTags={20}
            value={tags}
            onChange={setTags}
            acceptValueOnBlur
          />
          <Group justify="flex-end">
            <Button type="submit">{common.save}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
