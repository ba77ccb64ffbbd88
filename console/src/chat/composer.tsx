import { ActionIcon, FileButton, Group, Pill, Switch, Textarea, Tooltip } from '@mantine/core';
import { useUpload } from '@sextant/client/react';
import { ArrowUp, Paperclip, Square } from 'lucide-react';
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { Problem } from '../frame/problem.tsx';
import { useStrings } from '../strings/strings.tsx';

/** What is sent with a text. */
export interface Draft {
  readonly text: string;
  readonly attachments: readonly string[];
  /** Documents for a conversation that begins with the message. */
  readonly documents: readonly File[];
}

interface ComposerProps {
  readonly isReplying: boolean;
  readonly usesMemory: boolean;
  readonly initial: string;
  readonly children: ReactNode;
  /** What is attached to the conversation. */
  readonly attached?: ReactNode;
  setMemory(use: boolean): void;
  setTyping(typing: boolean): void;
  /** Resolves when the message is stored; rejects, and the text stays. */
  send(draft: Draft): Promise<void>;
  stop(): void;
  /** Attaches a document to the conversation that is open; without it documents go with the message. */
  attach?(file: File): Promise<unknown>;
}

/** The field that a message is written in. Enter sends, Shift and Enter begins a line. */
export function Composer({ isReplying, usesMemory, initial, children, attached, ...does }: ComposerProps) {
  const { chat } = useStrings();
  const [text, setText] = useState(initial);
  const [images, setImages] = useState<readonly { id: string; name: string }[]>([]);
  const [documents, setDocuments] = useState<readonly File[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [isAttaching, setIsAttaching] = useState(false);
  const image = useUpload('image');
  const field = useRef<HTMLTextAreaElement>(null);
  const focused = useRef<Element>(null);

  // A reply that ends by itself takes the button away that stops it, and the focus with it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the buttons change with isReplying.
  useLayoutEffect(() => {
    if (!focused.current || focused.current.isConnected) return;
    focused.current = null;
    if (document.activeElement === document.body) field.current?.focus();
  }, [isReplying]);
  /** A button that goes away gives the focus to the field. A person with a finger wants no keyboard on the screen. */
  const toField = ({ detail }: MouseEvent) => {
    if (detail === 0) field.current?.focus();
  };

  const send = async () => {
    const draft = { text: text.trim(), attachments: images.map(({ id }) => id), documents };
    // What is on its way belongs to the message.
    if (draft.text === '' || isAttaching) return;
    setText('');
    setImages([]);
    setDocuments([]);
    setProblem(undefined);
    does.setTyping(false);
    try {
      await does.send(draft);
    } catch (error) {
      // What was written is not lost, nor what has been written since.
      setText((newer) => (newer === '' ? draft.text : `${draft.text}\n\n${newer}`));
      setImages((newer) => [...images, ...newer]);
      setDocuments((newer) => [...documents, ...newer]);
      setProblem(error);
    }
  };
  const attach = async (files: readonly File[]) => {
    setProblem(undefined);
    setIsAttaching(true);
    for (const file of files) {
      try {
        if (file.type.startsWith('image/')) {
          const { id } = await image.upload(file);
          setImages((kept) => [...kept, { id, name: file.name }]);
        } else if (does.attach) await does.attach(file);
        else setDocuments((kept) => [...kept, file]);
      } catch (error) {
        setProblem(error);
      }
    }
    setIsAttaching(false);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    // Office programs put a picture of the text beside the text, which is what is meant.
    if (files.length === 0 || !namesAlone(event.clipboardData.getData('text/plain'), files)) return;
    event.preventDefault();
    void attach(files);
  };
  return (
    <form
      className="composer"
      onFocus={({ target }) => {
        focused.current = target.matches(':focus-visible') ? target : null;
      }}
      onBlur={() => {
        focused.current = null;
      }}
      onSubmit={(event) => {
        event.preventDefault();
        // A dialogue that was opened from here has a form of its own, of which React tells here as well.
        if (event.target === event.currentTarget) void send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void attach([...event.dataTransfer.files]);
      }}
    >
      <Problem error={problem} />
      {attached}
      {images.length + documents.length > 0 && (
        <Group gap="xs" mb="xs">
          {images.map(({ id, name }) => (
            <GoesAlong key={id} name={name} leave={() => setImages((kept) => kept.filter((one) => one.id !== id))} />
          ))}
          {documents.map((file) => (
            <GoesAlong
              key={`${file.name} ${file.lastModified}`}
              name={file.name}
              leave={() => setDocuments((kept) => kept.filter((one) => one !== file))}
            />
          ))}
        </Group>
      )}
      <Textarea
        aria-label={chat.placeholder}
        placeholder={chat.placeholder}
        autosize
        minRows={1}
        maxRows={10}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          does.setTyping(event.currentTarget.value !== '');
        }}
        onKeyDown={key}
        onPaste={paste}
        ref={field}
        autoFocus
        variant="unstyled"
        classNames={{ input: 'written' }}
      />
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Group gap="xs" className="choices">
          <FileButton multiple onChange={(files) => void attach(files)}>
            {(props) => (
              <Tooltip label={chat.attach}>
                <ActionIcon variant="subtle" color="gray" aria-label={chat.attach} loading={isAttaching} {...props}>
                  <Paperclip size={18} />
                </ActionIcon>
              </Tooltip>
            )}
          </FileButton>
          {children}
          <Switch
            size="xs"
            label={chat.memory}
            checked={usesMemory}
            onChange={(event) => does.setMemory(event.currentTarget.checked)}
          />
        </Group>
        {isReplying ? (
          <ActionIcon
            key="stop"
            variant="filled"
            size="lg"
            radius="xl"
            aria-label={chat.stop}
            onClick={(event) => {
              does.stop();
              toField(event);
            }}
          >
            <Square size={14} fill="currentColor" />
          </ActionIcon>
        ) : (
          <ActionIcon
            key="send"
            type="submit"
            variant="filled"
            size="lg"
            radius="xl"
            aria-label={chat.send}
            disabled={!text.trim() || isAttaching}
            onClick={toField}
          >
            <ArrowUp size={18} />
          </ActionIcon>
        )}
      </Group>
    </form>
  );
}

/** Returns whether a text is but the names of these files, or their paths: file managers put them beside the files. */
function namesAlone(text: string, files: readonly File[]): boolean {
  const names = new Set(files.map(({ name }) => name.normalize()));
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .every((line) => line === '' || names.has(line.split(/[/\\]/).at(-1)!.normalize()));
}

function GoesAlong({ name, leave }: { name: string; leave(): void }) {
  const { chat } = useStrings();
  return (
    <Pill
      withRemoveButton
      onRemove={leave}
      removeButtonProps={{ 'aria-label': chat.leaveOut(name), tabIndex: 0, 'aria-hidden': false }}
    >
      {name}
    </Pill>
  );
}
